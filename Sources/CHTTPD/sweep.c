// SPDX-License-Identifier: Apache-2.0
// Deadlines that libmicrohttpd has not (its timeout only knows silence), and the end of
// connections.
#define _GNU_SOURCE  // POLLRDHUP
#include "internal.h"
#include <malloc.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static const uint64_t second = 1000000000u;

// How long a connection may be idle when draining begins: a client that got its reply a moment ago
// may have sent its next request already, and that one is answered. Also the time for handshakes to
// end.
static const uint64_t grace = 200 * 1000000u;

// Sweeps without a large body or reply until freed memory goes back to the system: 10 s at 4 a
// second.
static const unsigned quiet_sweeps = 40;

static void interrupt(Connection *c) {
    int body = BODY;
    if (!atomic_compare_exchange_strong(&c->phase, &body, EXPIRED)) return;
    c->server->options.interrupted(c->server->options.context, &c->exchange);
    shutdown(c->exchange.socket, SHUT_RDWR);
}

// libmicrohttpd overlooks an end that arrives together with data: after a short read it waits for
// the next edge, which has passed. Bodies and connections of clients that left would stay until a
// timeout.
static bool has_hung_up(const Connection *c) {
    struct pollfd look = {c->exchange.socket, POLLRDHUP, 0};
    return poll(&look, 1, 0) > 0;
}

// With the reading side shut, what has arrived is still read and answered; after that the end is
// seen.
static void examine(Connection *c, uint64_t now, int stage) {
    const HTTPDOptions *o = &c->server->options;
    uint64_t body = o->body_seconds * second, since = c->since, age = now > since ? now - since : 0;
    int phase = c->phase;
    if (phase == BODY && (stage == 2 || age > body)) interrupt(c);
    else if (phase == IDLE && stage > 0 && age > grace) shutdown(c->exchange.socket, SHUT_RD);
    else if (phase <= BODY && age > second && has_hung_up(c)) shutdown(c->exchange.socket, SHUT_RD);
    else if (phase <= HEADER && age > o->idle_seconds * second + body)
        shutdown(c->exchange.socket, SHUT_RDWR);
}

// A loop listens until its backlog has been served. Whether it has stopped, a sweep ago at least: its thread may be
// about to accept.
static bool is_quiesced(Loop *loop) {
    bool was = loop->quiesced;
    struct pollfd waiting = {loop->listener, POLLIN, 0};
    if (!was && poll(&waiting, 1, 0) == 0)
        loop->quiesced = MHD_quiesce_daemon(loop->daemon) != MHD_INVALID_SOCKET;
    return was;
}

// All listeners close together: what one of them no longer takes would be another's.
static void stop_listening(HTTPDServer *s, uint64_t now) {
    if (s->is_deaf) return;
    s->draining = true;
    if (!s->filtered) {
        for (unsigned i = 0; i < s->loop_count; i++) shut_out(s->loops[i].listener);
        s->filtered = now;
        return;
    }
    if (now - s->filtered <= grace / 4) return;
    bool all = true;
    for (unsigned i = 0; i < s->loop_count; i++) all = is_quiesced(&s->loops[i]) && all;
    if (!all) return;
    close_listeners(s);
    s->is_deaf = true;
}

static void give_memory_back(HTTPDServer *s) {
    s->quiet = s->busy ? 0 : s->quiet + 1;
    s->busy = false;
    if (s->quiet == quiet_sweeps) malloc_trim(0);
}

size_t httpd_sweep(HTTPDServer *s, int stage) {
    uint64_t now = monotonic();
    if (stage > 0) stop_listening(s, now);
    else give_memory_back(s);
    pthread_mutex_lock(&s->lock);
    for (Connection *c = s->first; c; c = c->next) examine(c, now, stage);
    size_t open = s->count + !s->is_deaf;
    pthread_mutex_unlock(&s->lock);
    return open;
}
