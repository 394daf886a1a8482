// SPDX-License-Identifier: Apache-2.0
// The server as a whole: start and stop, and the list of its connections.
#include "internal.h"
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

// 32 KiB: libmicrohttpd zeroes all of it after each request, and above it uploads gain nothing. All
// header fields of a request have to fit (431 otherwise).
static const size_t connection_memory = 32 * 1024;

// Bodies come and go: below this their pages stay in the heap instead of being mapped each time.
// Not more, since an arena of another thread than the first holds 64 MiB.
static const int mapping_threshold = 32 << 20;

// Each arena keeps what was freed in it, and glibc makes eight of them a core: with all of them 200
// clients left 1.5 GiB behind, and more from minute to minute; with two the memory is flat, at the
// same rate.
static const int arenas = 2;

static void insert(HTTPDServer *s, Connection *c) {
    pthread_mutex_lock(&s->lock);
    if ((c->next = s->first)) c->next->previous = c;
    s->first = c;
    s->count++;
    pthread_mutex_unlock(&s->lock);
}

static void take_out(HTTPDServer *s, Connection *c) {
    pthread_mutex_lock(&s->lock);
    if (c->next) c->next->previous = c->previous;
    *(c->previous ? &c->previous->next : &s->first) = c->next;
    s->count--;
    pthread_mutex_unlock(&s->lock);
}

static void connection_changed(void *server, struct MHD_Connection *connection, void **slot,
                               enum MHD_ConnectionNotificationCode code) {
    HTTPDServer *s = server;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        Connection *c = calloc(1, sizeof *c);
        if (!c) abort();
        c->server = s;
        c->connection = connection;
        enum MHD_ConnectionInfoType what = MHD_CONNECTION_INFO_CONNECTION_FD;
        c->exchange.socket = MHD_get_connection_info(connection, what)->connect_fd;
        c->since = monotonic();
        insert(s, *slot = c);
    } else if (*slot) {
        take_out(s, *slot);
        free(*slot);
        *slot = NULL;
    }
}

__attribute__((format(printf, 2, 0)))
static void report(void *server, const char *format, va_list arguments) {
    HTTPDServer *s = server;
    char text[512];
    vsnprintf(text, sizeof text, format, arguments);
    text[strcspn(text, "\n")] = 0;
    s->options.log(s->options.context, text);
}

// Paths and query values stay as sent: decoding is done once, by segments, where they are used.
static size_t keep_escapes(void *unused, struct MHD_Connection *connection, char *text) {
    (void)unused;
    (void)connection;
    return strlen(text);
}

// A container's soft limit of 1024 descriptors would stop accepting long before `connections`.
static void raise_descriptor_limit(rlim_t wanted) {
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) || r.rlim_cur >= wanted) return;
    r.rlim_cur = r.rlim_max < wanted ? r.rlim_max : wanted;
    setrlimit(RLIMIT_NOFILE, &r);
}

static struct MHD_Daemon *start_daemon(HTTPDServer *s, int listener) {
    const HTTPDOptions *o = &s->options;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC
        | MHD_USE_ERROR_LOG;
    return MHD_start_daemon(
        flags, 0, NULL, NULL, handle, s,
        MHD_OPTION_EXTERNAL_LOGGER, report, s,  // first, so that it sees the messages of the others
        MHD_OPTION_LISTEN_SOCKET, listener,
        MHD_OPTION_NOTIFY_CONNECTION, connection_changed, s,
        MHD_OPTION_NOTIFY_COMPLETED, request_ended, s,
        MHD_OPTION_URI_LOG_CALLBACK, request_line, s,
        MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, s,
        MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, connection_memory,
        MHD_OPTION_CONNECTION_LIMIT, o->connections / s->loop_count,
        MHD_OPTION_CONNECTION_TIMEOUT, o->idle_seconds, MHD_OPTION_END);
}

static void stop_daemons(HTTPDServer *s) {
    for (unsigned i = 0; i < s->loop_count && s->loops[i].daemon; i++)
        MHD_stop_daemon(s->loops[i].daemon);
}

static bool start_daemons(HTTPDServer *s) {
    for (unsigned i = 0; i < s->loop_count; i++)
        if (!(s->loops[i].daemon = start_daemon(s, s->loops[i].listener))) return false;
    return true;
}

static HTTPDServer *new_server(const HTTPDOptions *options) {
    HTTPDServer *s = calloc(1, sizeof *s);
    if (!s) abort();
    s->options = *options;
    s->loop_count = options->threads;
    s->loops = calloc(s->loop_count, sizeof *s->loops);
    if (!s->loops) abort();
    for (unsigned i = 0; i < s->loop_count; i++) s->loops[i].listener = -1;
    pthread_mutex_init(&s->lock, NULL);
    return s;
}

static void forget(HTTPDServer *s) {
    int reason = errno;
    close_listeners(s);
    pthread_mutex_destroy(&s->lock);
    free(s->loops);
    free(s);
    errno = reason;
}

HTTPDServer *httpd_start(const HTTPDOptions *options, uint16_t *port, int *resolver) {
    *port = options->port;
    HTTPDServer *s = new_server(options);
    if (!open_listeners(s, port, resolver)) {
        forget(s);
        return NULL;
    }
    signal(SIGPIPE, SIG_IGN);
    mallopt(M_ARENA_MAX, arenas);
    mallopt(M_MMAP_THRESHOLD, mapping_threshold);
    mallopt(M_TRIM_THRESHOLD, 2 * mapping_threshold);
    raise_descriptor_limit(options->connections + 128);
    if (start_daemons(s)) return s;
    stop_daemons(s);
    forget(s);
    errno = ENOMEM;  // threads or epoll; the log has the library's words
    return NULL;
}

void httpd_stop(HTTPDServer *s) {
    stop_daemons(s);
    forget(s);
}
