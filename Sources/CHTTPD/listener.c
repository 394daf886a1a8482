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

static int listen_on(const struct addrinfo *a) {
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1, zero = 0;
    if (fd < 0) return -1;
    // So that a restart does not wait for TIME_WAIT.
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (a->ai_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
    if (bind(fd, a->ai_addr, a->ai_addrlen) || listen(fd, backlog)) return closed(fd);
    return fd;
}

int open_listener(const char *host, uint16_t *port, int *resolver) {
    struct addrinfo hints = {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM}, *found = NULL;
    char service[8];
    snprintf(service, sizeof service, "%u", *port);
    if ((*resolver = getaddrinfo(host, service, &hints, &found))) return -1;
    int fd = listen_on(found), reason = errno;
    freeaddrinfo(found);
    errno = reason;
    if (fd < 0) return -1;
    struct sockaddr_storage bound = {0};
    socklen_t size = sizeof bound;
    getsockname(fd, (struct sockaddr *)&bound, &size);
    *port = ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
                                              : ((struct sockaddr_in *)&bound)->sin_port);
    return fd;
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
