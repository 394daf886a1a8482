// SPDX-License-Identifier: Apache-2.0
// One request from its first byte to its last: the functions that libmicrohttpd calls, and the
// reply.
#include "internal.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

// Readers of numbers may read this far past the end, and find zeros.
static const size_t slack = 64;

#define CALL(c, name) (c)->server->options.name((c)->server->options.context, &(c)->exchange)

void httpd_large_pages(void *memory, size_t size) {
    const uintptr_t page = 4096;
    if (size < (16 << 20)) return;
    uintptr_t first = ((uintptr_t)memory + page - 1) & ~(page - 1);
    madvise((void *)first, ((uintptr_t)memory + size - first) & ~(page - 1), MADV_HUGEPAGE);
}

static bool allocate(Connection *c, size_t capacity) {
    // What is large is mapped, and touched only when it is filled.
    uint8_t *body = realloc(c->exchange.body, capacity + slack);
    if (!body) return false;
    httpd_large_pages(body, capacity);
    c->exchange.body = body;
    c->capacity = capacity;
    return true;
}

// What large bodies and replies leave in the heap is given back once none has come for a while.
static void note(HTTPDServer *s, size_t bytes) {
    if (bytes > 64 * 1024) s->busy = true;
}

static void forget_body(Connection *c) {
    note(c->server, c->capacity);
    free(c->exchange.body);
    c->exchange.body = NULL;
    c->exchange.length = c->capacity = 0;
}

static enum MHD_Result queue(Connection *c) {
    if (!c->response) return MHD_NO;
    enum MHD_Result queued = MHD_queue_response(c->connection, c->status, c->response);
    MHD_destroy_response(c->response);
    c->response = NULL;
    return queued;
}

// The first call of a request: nothing of the body has been read, so a refusal costs nothing.
static enum MHD_Result begin(Connection *c, const char *method, const char *path,
                             const char *version) {
    HTTPDExchange *x = &c->exchange;
    x->method = method;
    x->path = path;
    survey(x, c->connection, version);
    x->header_time = monotonic();
    c->since = x->header_time;
    c->began = true;
    HTTPDNext next = CALL(c, began);
    if (next == HTTPD_ANSWERED) {
        c->phase = WHOLE;
        return queue(c);
    }
    c->discards = next == HTTPD_DISCARD;
    size_t size = c->discards || x->announced < 0 ? 0 : (size_t)x->announced;
    if (!c->discards && !allocate(c, size)) return MHD_NO;
    c->phase = BODY;  // last: from here on the sweep may see the request
    return MHD_YES;
}

static bool grow(Connection *c, size_t needed) {
    size_t capacity = c->server->options.room(c->server->options.context, &c->exchange, needed);
    return capacity >= needed && allocate(c, capacity);
}

static enum MHD_Result interrupt(Connection *c) {
    int body = BODY;
    if (atomic_compare_exchange_strong(&c->phase, &body, EXPIRED)) CALL(c, interrupted);
    return MHD_NO;
}

static enum MHD_Result append(Connection *c, const char *data, size_t *size) {
    HTTPDExchange *x = &c->exchange;
    size_t n = *size;
    *size = 0;  // always all of it: with edge-triggered epoll what is left would never come again
    if (c->phase == EXPIRED) return MHD_NO;
    if (!c->discards && x->length + n > c->capacity && !grow(c, x->length + n)) {
        c->discards = true;
        forget_body(c);
    }
    if (c->discards) {
        c->discarded += n;
        bool too_much = x->chunked && c->discarded > c->server->options.discard_limit;
        return too_much ? interrupt(c) : MHD_YES;
    }
    memcpy(x->body + x->length, data, n);
    x->length += n;
    return MHD_YES;
}

static enum MHD_Result finish(Connection *c) {
    int body = BODY;
    if (!atomic_compare_exchange_strong(&c->phase, &body, WHOLE)) return MHD_NO;
    HTTPDExchange *x = &c->exchange;
    x->body_time = x->announced > 0 || x->chunked ? monotonic() : x->header_time;
    if (x->body) memset(x->body + x->length, 0, slack);
    if (CALL(c, complete) != HTTPD_LATER) return queue(c);
    c->suspended = true;
    MHD_suspend_connection(c->connection);  // before any other thread can resume it
    CALL(c, later);
    return MHD_YES;
}

// libmicrohttpd's handler: once with the header, then with each piece of the body, then at its end,
// and once more when a suspended request was answered.
enum MHD_Result handle(void *server, struct MHD_Connection *connection, const char *path,
                       const char *method, const char *version, const char *data, size_t *size,
                       void **slot) {
    (void)server;
    (void)connection;
    Connection *c = *slot;
    if (!c->began) return begin(c, method, path, version);
    if (*size) return append(c, data, size);
    return c->suspended ? queue(c) : finish(c);
}

// The request line is there. What this returns is the request's slot.
void *request_line(void *server, const char *target, struct MHD_Connection *connection) {
    (void)server;
    (void)target;
    enum MHD_ConnectionInfoType what = MHD_CONNECTION_INFO_SOCKET_CONTEXT;
    Connection *c = MHD_get_connection_info(connection, what)->socket_context;
    c->phase = HEADER;
    return c;
}

void request_ended(void *server, struct MHD_Connection *connection, void **slot,
                   enum MHD_RequestTerminationCode code) {
    HTTPDServer *s = server;
    (void)connection;
    (void)code;
    Connection *c = *slot;
    if (!c) return;
    if (c->phase == EXPIRED) {  // the sweep may be at it
        pthread_mutex_lock(&s->lock);
        pthread_mutex_unlock(&s->lock);
    }
    if (c->began) CALL(c, ended);
    if (c->response) MHD_destroy_response(c->response);
    free(c->exchange.body);
    c->exchange = (HTTPDExchange){.socket = c->exchange.socket};
    c->response = NULL;
    c->capacity = c->discarded = 0;
    c->discards = c->suspended = c->began = false;
    c->since = monotonic();
    c->phase = IDLE;
}

static struct MHD_Response *response_of(const struct iovec *part, unsigned count,
                                        void (*release)(void *), void *owner) {
    const struct MHD_IoVec *parts = (const struct MHD_IoVec *)part;  // the same two fields
    if (count > 1) return MHD_create_response_from_iovec(parts, count, release, owner);
    size_t size = count ? part->iov_len : 0;
    void *data = count ? part->iov_base : NULL;
    if (!release) return MHD_create_response_from_buffer(size, data, MHD_RESPMEM_MUST_COPY);
    return MHD_create_response_from_buffer_with_free_callback_cls(size, data, release, owner);
}

void httpd_reply(HTTPDExchange *exchange, unsigned status, const char *headers,
                 const struct iovec *parts, unsigned count, void (*release)(void *owner),
                 void *owner) {
    Connection *c = (Connection *)exchange;
    for (unsigned i = 0; i < count; i++) note(c->server, parts[i].iov_len);
    struct MHD_Response *r = response_of(parts, count, release, owner);
    if (!r && release) release(owner);  // and closes the connection: NULL is kept
    for (const char *name = headers; r && *name;) {
        const char *value = name + strlen(name) + 1;
        MHD_add_response_header(r, name, value);  // leaves out what would break the header
        name = value + strlen(value) + 1;
    }
    if (r && c->server->draining) MHD_add_response_header(r, "Connection", "close");
    c->response = r;
    c->status = status;
    forget_body(c);
    if (c->suspended) MHD_resume_connection(c->connection);
}

const char *httpd_lookup(const HTTPDExchange *exchange, bool query, const char *name) {
    const Connection *c = (const Connection *)exchange;
    enum MHD_ValueKind kind = query ? MHD_GET_ARGUMENT_KIND : MHD_HEADER_KIND;
    return MHD_lookup_connection_value(c->connection, kind, name);
}

typedef struct Visit {
    void *context;
    void (*item)(void *context, const char *name, const char *value);
} Visit;

static enum MHD_Result visit(void *context, enum MHD_ValueKind kind, const char *name,
                             const char *value) {
    (void)kind;
    const Visit *v = context;
    v->item(v->context, name, value);
    return MHD_YES;
}

void httpd_each_query_item(const HTTPDExchange *exchange, void *context,
                           void (*item)(void *context, const char *name, const char *value)) {
    const Connection *c = (const Connection *)exchange;
    Visit v = {context, item};
    MHD_get_connection_values(c->connection, MHD_GET_ARGUMENT_KIND, visit, &v);
}
