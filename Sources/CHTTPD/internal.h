// SPDX-License-Identifier: Apache-2.0
// What the files of this shim share.
#pragma once
#include "chttpd.h"
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

/// Where the request of a connection stands.
enum Phase { IDLE, HEADER, BODY, WHOLE, EXPIRED };

/// A thread of libmicrohttpd, with a listener of its own.
typedef struct Loop {
    struct MHD_Daemon *daemon;
    int listener;
    bool quiesced;
} Loop;

/// One connection and the request on it: requests of a connection follow each other, so one record
/// does.
typedef struct Connection {
    HTTPDExchange exchange;  // first: the two convert into each other
    HTTPDServer *server;
    struct MHD_Connection *connection;
    struct Connection *next, *previous;
    struct MHD_Response *response;
    unsigned status;
    size_t capacity, discarded;
    bool discards, suspended, began;
    _Atomic int phase;
    _Atomic uint64_t since;  // when IDLE or BODY was entered
} Connection;

struct HTTPDServer {
    HTTPDOptions options;
    Loop *loops;
    unsigned loop_count;
    pthread_mutex_t lock;  // the list, and sockets staying open while the sweep uses them
    Connection *first;
    size_t count;
    uint64_t filtered;     // when new connections were shut out; 0 while serving
    bool is_deaf;          // all listeners are closed
    _Atomic bool busy;     // a large body or reply was there since the last sweep
    unsigned quiet;        // sweeps without one
    _Atomic bool draining;
};

static inline uint64_t monotonic(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/// A listening socket for each loop, between which new connections are shared out; false with errno or the
/// resolver's code.
bool open_listeners(HTTPDServer *server, uint16_t *port, int *resolver);
/// Closes those that are open.
void close_listeners(HTTPDServer *server);
/// Shuts out new connections while those whose handshake has begun still come in.
void shut_out(int listener);
/// Fills the facts of an exchange from its header.
void survey(HTTPDExchange *exchange, struct MHD_Connection *connection, const char *version);

/// libmicrohttpd's callbacks that concern one request.
enum MHD_Result handle(void *server, struct MHD_Connection *connection, const char *path,
                       const char *method, const char *version, const char *data, size_t *size,
                       void **slot);
void *request_line(void *server, const char *target, struct MHD_Connection *connection);
void request_ended(void *server, struct MHD_Connection *connection, void **slot,
                   enum MHD_RequestTerminationCode code);
