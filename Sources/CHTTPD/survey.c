// SPDX-License-Identifier: Apache-2.0
// The one walk over a request's header: the checks that libmicrohttpd 0.9.75 does not make, and the fields that are
// asked for every time.
#include "internal.h"
#include <string.h>
#include <strings.h>

typedef struct Survey {
    HTTPDExchange *exchange;
    const char *coding;
    unsigned hosts, lengths, codings, others;
} Survey;

// RFC 9110, 5.6.2: what a field name is made of. A space before the colon hides a field from
// others.
static bool is_token(const char *p, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (p[i] <= ' ' || p[i] >= 127 || strchr("\"(),/:;<=>?@[\\]{}", p[i])) return false;
    return n > 0;
}

static bool has_control(const char *p, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (((unsigned char)p[i] < ' ' && p[i] != '\t') || p[i] == 127) return true;
    return false;
}

// Digits only: strtoull would take "+1", " 1" and "-1" as well.
static int64_t length_of(const char *p) {
    int64_t n = 0;
    if (!*p) return -1;
    for (; *p; p++)
        if (*p < '0' || *p > '9' || __builtin_mul_overflow(n, 10, &n)
            || __builtin_add_overflow(n, *p - '0', &n)) return -1;
    return n;
}

#define NAMED(name) (n == sizeof(name) - 1 && !strncasecmp(key, name, n))
#define NOTE(name, field) if (NAMED(name)) { if (!x->fields[field]) x->fields[field] = value; }

static enum MHD_Result look(void *context, enum MHD_ValueKind kind, const char *key, size_t n,
                            const char *value, size_t size) {
    (void)kind;
    Survey *s = context;
    HTTPDExchange *x = s->exchange;
    if (!value) { value = ""; size = 0; }
    bool is_bad = !is_token(key, n) || has_control(value, size) || strlen(value) != size;
    if (is_bad) x->flaws |= HTTPD_BAD_FIELD;
    else if (NAMED("Host")) s->hosts++;
    else if (NAMED("Content-Length")) { s->lengths++; x->announced = length_of(value); }
    else if (NAMED("Transfer-Encoding")) { s->codings++; s->coding = value; }
    else if (NAMED("Inference-Header-Content-Length")) s->others++;
    else if (NAMED("Expect")) {
        x->waits_for_continue = !strcasecmp(value, "100-continue");
        if (!x->waits_for_continue) x->flaws |= HTTPD_UNKNOWN_EXPECTATION;
    }
    else NOTE("Accept", HTTPD_ACCEPT)
    else NOTE("Accept-Encoding", HTTPD_ACCEPT_ENCODING)
    else NOTE("Content-Encoding", HTTPD_CONTENT_ENCODING)
    else NOTE("Content-Type", HTTPD_CONTENT_TYPE)
    else NOTE("Origin", HTTPD_ORIGIN)
    else NOTE("X-Request-Id", HTTPD_REQUEST_ID)
    return MHD_YES;
}

void survey(HTTPDExchange *x, struct MHD_Connection *connection, const char *version) {
    Survey s = {.exchange = x};
    x->announced = -1;
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, look, &s);
    x->chunked = s.coding && !strcasecmp(s.coding, "chunked");
    if (s.hosts > 1 || s.lengths > 1 || s.codings > 1 || s.others > 1)
        x->flaws |= HTTPD_REPEATED_FIELD;
    if (s.lengths && s.codings) x->flaws |= HTTPD_LENGTH_AND_CODING;
    if (s.lengths && x->announced < 0) x->flaws |= HTTPD_BAD_LENGTH;
    if (s.codings && (!x->chunked || !strcmp(version, "HTTP/1.0")))
        x->flaws |= HTTPD_UNKNOWN_CODING;
}
