// SPDX-License-Identifier: Apache-2.0
// Whole requests in, whole replies out, over libmicrohttpd. Nothing else knows that library.
//
// The life of a request, all on one I/O thread unless said otherwise:
//   header read -> began() -> body collected -> complete() -> httpd_reply() -> sent -> ended()
// complete() may answer HTTPD_LATER: the connection is suspended, later() is called, and any thread
// may call httpd_reply().
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

typedef struct HTTPDServer HTTPDServer;

/// What became of a call.
typedef enum HTTPDNext {
    HTTPD_READ,      ///< began: collect the body
    HTTPD_DISCARD,   ///< began: read the body and forget it; complete() answers
    HTTPD_ANSWERED,  ///< httpd_reply was called; in began(): without the body, closing
    HTTPD_LATER,     ///< complete: suspend the connection, then call later()
} HTTPDNext;

/// What is wrong with a header, as bits. Where a body ends is unknown with all but the last.
typedef enum HTTPDFlaw {
    HTTPD_BAD_FIELD = 1,           ///< a name that is no token, or a control character in a value
    HTTPD_REPEATED_FIELD = 2,      ///< a second Host, Content-Length, Transfer-Encoding or ...
    HTTPD_LENGTH_AND_CODING = 4,   ///< Content-Length beside Transfer-Encoding
    HTTPD_BAD_LENGTH = 8,          ///< Content-Length that is no decimal number below 2^63
    HTTPD_UNKNOWN_CODING = 16,     ///< a Transfer-Encoding but "chunked", or in HTTP/1.0
    HTTPD_UNKNOWN_EXPECTATION = 32, ///< Expect that is not "100-continue"
} HTTPDFlaw;

/// Fields that every request is asked for: noted once instead of looked up each time.
typedef enum HTTPDField {
    HTTPD_ACCEPT,
    HTTPD_ACCEPT_ENCODING,
    HTTPD_CONTENT_ENCODING,
    HTTPD_CONTENT_TYPE,
    HTTPD_ORIGIN,
    HTTPD_REQUEST_ID,
    HTTPD_FIELD_COUNT
} HTTPDField;

/// One request. Valid from began() to ended(); body and header only until httpd_reply().
typedef struct HTTPDExchange {
    const char *method, *path;   ///< as sent: the path is not percent-decoded and has no query
    uint8_t *body;               ///< NULL until complete; 64 zero bytes follow the last one
    size_t length;               ///< bytes of the body received so far
    int64_t announced;           ///< Content-Length; -1 without one
    unsigned flaws;              ///< HTTPDFlaw bits
    bool chunked;                ///< Transfer-Encoding: chunked
    bool waits_for_continue;     ///< Expect: 100-continue: the client has not sent the body yet
    int socket;                  ///< alive until ended(); nobody may read from it
    uint64_t header_time, body_time;  ///< when each was complete, monotonic nanoseconds
    void *request;               ///< the caller's own
    const char *fields[HTTPD_FIELD_COUNT];  ///< the first value of each; NULL without one
} HTTPDExchange;

/// How the server runs and whom it calls. Each function gets `context` first.
typedef struct HTTPDOptions {
    const char *host;
    uint16_t port;                    ///< 0: the system chooses
    unsigned threads, connections, idle_seconds, body_seconds;
    size_t discard_limit;             ///< bytes of a refused chunked body read before interrupted()
    void *context;
    HTTPDNext (*began)(void *context, HTTPDExchange *);
    /// A chunked body needs a buffer of `needed` bytes: the size it may have, or 0 to discard the
    /// body.
    size_t (*room)(void *context, HTTPDExchange *, size_t needed);
    HTTPDNext (*complete)(void *context, HTTPDExchange *);
    void (*later)(void *context, HTTPDExchange *);
    /// The body takes too long or too much; the connection closes after this. No httpd_reply here:
    /// what is to be said is written to the socket. May come from the thread of httpd_sweep.
    void (*interrupted)(void *context, HTTPDExchange *);
    void (*ended)(void *context, HTTPDExchange *);
    void (*log)(void *context, const char *message);
} HTTPDOptions;

/// Listens and serves. NULL with `errno` set, or with the resolver's code in `*resolver`, where it
/// cannot.
HTTPDServer *httpd_start(const HTTPDOptions *options, uint16_t *port, int *resolver);

/// Asks for pages of 2 MB where that is worth it: to touch 100 MB for the first time in pages of 4 KB takes as long as
/// to print it. A hint, which the system may not take.
void httpd_large_pages(void *memory, size_t size);

/// The first value of a noted field, or NULL.
static inline const char *httpd_field(const HTTPDExchange *exchange, HTTPDField field) {
    return exchange->fields[field];
}

/// The first value of a field of the header (`query` false) or of the query, or NULL.
const char *httpd_lookup(const HTTPDExchange *exchange, bool query, const char *name);

/// Calls `item` with each name and value of the query in their order, as sent but for `+`, which is a
/// blank; the value is NULL without a `=`.
void httpd_each_query_item(const HTTPDExchange *exchange, void *context,
                           void (*item)(void *context, const char *name, const char *value));

/// Answers, once a request. `headers` is name NUL value NUL ... ended by an empty name. The parts
/// are not copied: `release(owner)` tells that they are sent; without `release` a single part is
/// copied. Afterwards the exchange is the I/O thread's and must not be touched.
void httpd_reply(HTTPDExchange *exchange, unsigned status, const char *headers,
                 const struct iovec *parts, unsigned count, void (*release)(void *owner),
                 void *owner);

/// Enforces the deadlines; to be called a few times a second. `stage` 0: serving. 1: draining:
/// listens no more, replies close, idle connections are closed. 2: bodies that are not complete are
/// interrupted. Returns the connections that are open; the listener counts as one.
size_t httpd_sweep(HTTPDServer *server, int stage);

/// Ends all threads. No request may be suspended any more.
void httpd_stop(HTTPDServer *server);
