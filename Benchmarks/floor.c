// SPDX-License-Identifier: Apache-2.0
// What libmicrohttpd moves with no work at all: takes a body into memory and sends as many bytes back.
// measure_bytes.py and compare_service.py compile and start it:  cc -O2 floor.c -lmicrohttpd -o floor &&
// ./floor [THREADS] PORT
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct Body {
    char *bytes;
    size_t length, capacity;
} Body;

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data, size_t *size,
                              void **kept) {
    (void)context, (void)url, (void)method, (void)version;
    Body *body = *kept;
    if (!body) {
        const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");
        body = *kept = calloc(1, sizeof *body);
        body->capacity = length ? strtoull(length, NULL, 10) : 0;
        body->bytes = malloc(body->capacity + 1);
        return MHD_YES;
    }
    if (*size) {
        if (*size > body->capacity - body->length) return MHD_NO;
        memcpy(body->bytes + body->length, data, *size);
        body->length += *size;
        *size = 0;
        return MHD_YES;
    }
    struct MHD_Response *reply =
        MHD_create_response_from_buffer(body->length, body->bytes, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result result = MHD_queue_response(connection, 200, reply);
    MHD_destroy_response(reply);
    return result;
}

static void ended(void *context, struct MHD_Connection *connection, void **kept,
                  enum MHD_RequestTerminationCode code) {
    (void)context, (void)connection, (void)code;
    Body *body = *kept;
    if (!body) return;
    free(body->bytes);
    free(body);
}

int main(int count, char **arguments) {
    unsigned threads = count > 2 ? (unsigned)atoi(arguments[1]) : 1;
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD, (uint16_t)atoi(arguments[count - 1]), NULL, NULL, handle, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, ended, NULL, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)32768,
        threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, threads, MHD_OPTION_END);
    if (!daemon) return 1;
    for (;;) pause();
}
