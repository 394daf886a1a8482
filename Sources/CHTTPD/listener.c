// SPDX-License-Identifier: Apache-2.0
#include "internal.h"
#include <errno.h>
#include <linux/filter.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// 1024: clients that arrive together wait here; the kernel takes less if somaxconn says so.
static const int backlog = 1024;

static int closed(int fd) {
    int reason = errno;
    close(fd);
    errno = reason;
    return -1;
}

// Bound to the address; with a port of 0, which the system chooses, `a` has it afterwards. A shared one may be bound
// again by those that are shared too.
static int bind_to(struct addrinfo *a, bool shared) {
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1, zero = 0;
    if (fd < 0) return -1;
    // So that a restart does not wait for TIME_WAIT.
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (shared) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
    if (a->ai_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
    if (bind(fd, a->ai_addr, a->ai_addrlen)) return closed(fd);
    getsockname(fd, a->ai_addr, &a->ai_addrlen);
    return fd;
}

// A pool of threads that share one listener race for its connections: whoever wakes first takes all that wait, and of
// four clients that arrive together all may be one thread's. With a listener for each the kernel chooses by a hash.
// Better is the port that the client sends from: those that one machine opens are two apart, so that they go from
// listener to listener. Without this (an old kernel, a sandbox) the hash has to do.
static void share_out(int listener, unsigned count) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, SKF_NET_OFF),  // the version of the IP header
        BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 4),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 6, 2, 0),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, SKF_NET_OFF + 20),  // the source port behind one of 20 bytes
        BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0),
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, SKF_NET_OFF + 40),  // and behind one of IPv6
        BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 1),
        BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, count),
        BPF_STMT(BPF_RET | BPF_A, 0),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    setsockopt(listener, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program);
}

static bool listen_on(HTTPDServer *s, struct addrinfo *a) {
    if (s->loop_count > 1) {
        // Tells whether somebody else has the address, which shared ones might share with him.
        int probe = bind_to(a, false);
        if (probe < 0) return false;
        close(probe);
    }
    for (unsigned i = 0; i < s->loop_count; i++) {
        int fd = s->loops[i].listener = bind_to(a, s->loop_count > 1);
        if (fd < 0 || listen(fd, backlog)) return false;
    }
    if (s->loop_count > 1) share_out(s->loops[0].listener, s->loop_count);
    return true;
}

bool open_listeners(HTTPDServer *s, uint16_t *port, int *resolver) {
    struct addrinfo hints = {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM}, *found = NULL;
    char service[8];
    snprintf(service, sizeof service, "%u", *port);
    if ((*resolver = getaddrinfo(s->options.host, service, &hints, &found))) return false;
    bool listens = listen_on(s, found);
    int reason = errno;
    *port = ntohs(found->ai_family == AF_INET6 ? ((struct sockaddr_in6 *)found->ai_addr)->sin6_port
                                               : ((struct sockaddr_in *)found->ai_addr)->sin_port);
    freeaddrinfo(found);
    errno = reason;
    return listens;
}

void close_listeners(HTTPDServer *s) {
    for (unsigned i = 0; i < s->loop_count; i++) {
        if (s->loops[i].listener >= 0) close(s->loops[i].listener);
        s->loops[i].listener = -1;
    }
}

// Closing a listener resets the connections in its backlog, whose requests may be sent already. So
// first the kernel drops packets that open a connection (SYN without ACK), the backlog is served to
// its end, and then the listener is closed: the client sends its SYN again a second later and is
// refused.
void shut_out(int listener) {
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13),  // the flags in the TCP header
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x12),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x02, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    setsockopt(listener, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}
