/* The protocols of the servers that are compared: how a stream begins and where a bundle ends. */
#define _GNU_SOURCE
#include "agents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

unsigned char *SHA256(const unsigned char *data, size_t size, unsigned char *digest); /* libcrypto */

static void verify(const char *data, size_t size, const char *digest) {
    unsigned char found[32];
    char text[65];
    SHA256((const unsigned char *)data, size, found);
    for (int i = 0; i < 32; i++) sprintf(text + 2 * i, "%02x", found[i]);
    if (!memcmp(text, digest, 64)) return;
    fprintf(stderr, "a bundle of %zu bytes has digest %s, not %.64s\n", size, text, digest);
    exit(3);
}

/* ── configsvc, and the reference in C: server-sent events ─────────────────────────────────────── */

static int sse_hello(struct agent *agent, char *into, size_t room) {
    int size = snprintf(into, room,
        "GET /v1/agent/stream?namespace=bench&service=player-engine&instance=i%d HTTP/1.1\r\n"
        "Host: bench\r\nAuthorization: Bearer %s\r\nAccept: text/event-stream\r\n",
        agent->number, token);
    if (agent->digest[0])
        size += snprintf(into + size, room - size, "Last-Event-ID: %s\r\nConfigsvc-Digest: %s\r\n",
                         agent->id, agent->digest);
    return size + snprintf(into + size, room - size, "\r\n");
}

int report_of(struct agent *agent, char *into, size_t room) {
    char body[1024];
    char *version = strchr(agent->id, '.');
    int size = snprintf(body, sizeof body,
        "{\"namespace\":\"bench\",\"service\":\"player-engine\",\"instance\":\"i%d\","
        "\"session\":\"%s\",\"reports\":[{\"version\":%lu,\"digest\":\"%s\",\"state\":\"applied\"}],"
        "\"health\":\"ready\",\"agent\":{\"language\":\"c\",\"version\":\"1\"}}",
        agent->number, agent->session, version ? strtoul(version + 1, NULL, 10) : 0, agent->digest);
    return snprintf(into, room,
        "POST /v1/agent/report HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\n"
        "Content-Length: %d\r\n\r\n%s", token, size, body);
}

/* The text of a member of a JSON object up to its closing quote. */
static void member(const char *line, const char *end, const char *name, char *into, size_t room) {
    char *at = memmem(line, end - line, name, strlen(name));
    size_t size = 0;
    if (at)
        for (at += strlen(name); at < end && *at != '"' && size + 1 < room; at++) into[size++] = *at;
    into[size] = 0;
}

static int64_t number(const char *line, const char *end, const char *name) {
    char *at = memmem(line, end - line, name, strlen(name));
    return at ? strtoll(at + strlen(name), NULL, 10) : 0;
}

static void sse_event(struct agent *agent, char *event, char *end) {
    char *data = memmem(event, end - event, "data: ", 6);
    if (!data) return;
    char *line = memchr(data, '\n', end - data);
    if (!line) line = end;
    int64_t retry = number(event, data, "retry: ");
    if (retry) agent->retry = retry;
    if (!memcmp(event, "event: session", 14)) {
        member(data, line, "\"session\":\"", agent->session, sizeof agent->session);
        agent->within = number(data, line, "\"reportWithin\":");
    } else if (!memcmp(event, "event: heartbeat", 16)) {
        agent->within = number(data, line, "\"reportWithin\":");
        is_open(agent);
    } else if (!memcmp(event, "event: bundle", 13) && line + 7 < end) {
        char *id = memmem(event, data - event, "id: ", 4);
        if (id) sscanf(id + 4, "%95s", agent->id);
        member(data, line, "\"digest\":\"", agent->digest, sizeof agent->digest);
        verify(line + 7, end - line - 7, agent->digest);
        is_open(agent);
        has_applied(agent);
    }
}

static ssize_t sse_take(struct agent *agent, char *bytes, size_t size) {
    char *at = bytes, *end = bytes + size, *next;
    if (!agent->body) {
        char *body = memmem(bytes, size, "\r\n\r\n", 4);
        if (!body) return 0;
        if (size < 12 || memcmp(bytes + 9, "200", 3)) return -1;
        agent->body = 1;
        at = body + 4;
    }
    while ((next = memmem(at, end - at, "\n\n", 2))) {
        sse_event(agent, at, next);
        at = next + 2;
    }
    return at - bytes;
}

/* ── the others are sent BNDL, the length in ten digits, the digest, and the bytes ─────────────── */

enum { HEADER = 4 + 10 + 64 };

static ssize_t marked(struct agent *agent, char *bytes, size_t size) {
    size_t used = 0;
    char *at;
    while ((at = memmem(bytes + used, size - used, "BNDL", 4))) {
        size_t left = bytes + size - at;
        if (left < HEADER) return at - bytes;
        size_t length = 0;
        for (int i = 4; i < 14; i++) length = length * 10 + (at[i] - '0');
        if (left < HEADER + length) return at - bytes;
        verify(at + HEADER, length, at + 14);
        has_applied(agent);
        used = at + HEADER + length - bytes;
    }
    return size - used > 3 ? (ssize_t)size - 3 : (ssize_t)used;
}

static int redis_hello(struct agent *agent, char *into, size_t room) {
    (void)agent;
    return snprintf(into, room, "SUBSCRIBE bench\r\n");
}

static ssize_t redis_take(struct agent *agent, char *bytes, size_t size) {
    if (memmem(bytes, size, "subscribe", 9)) is_open(agent);
    return marked(agent, bytes, size);
}

static int nats_hello(struct agent *agent, char *into, size_t room) {
    (void)agent;
    return snprintf(into, room,
        "CONNECT {\"verbose\":false,\"pedantic\":false}\r\nSUB bench 1\r\nPING\r\n");
}

static ssize_t nats_take(struct agent *agent, char *bytes, size_t size) {
    if (memmem(bytes, size, "PONG\r\n", 6)) is_open(agent);
    return marked(agent, bytes, size);
}

/* etcd: gRPC over HTTP/2, as much of it as one watch needs. */

static int etcd_hello(struct agent *agent, char *into, size_t room) {
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        "\0\0\6\4\0\0\0\0\0" "\0\4\x7f\xff\xff\xff"      /* SETTINGS: the largest stream window */
        "\0\0\4\x8\0\0\0\0\0" "\x7f\xfe\0\0";            /* and as much for the connection */
    static const char names[] = "\x83\x86\x04\x19/etcdserverpb.Watch/Watch\x01\x05" "bench"
        "\x0f\x10\x10" "application/grpc\0\2te\x08trailers";
    static const char watching[] = "\0\0\0\0\x09\x0a\x07\x0a\x05" "bench";
    (void)agent;
    char *at = mempcpy(into, preface, sizeof preface - 1);
    *at++ = 0; *at++ = 0; *at++ = sizeof names - 1;
    at = mempcpy(at, "\1\4\0\0\0\1", 6);                  /* HEADERS, their end, stream 1 */
    at = mempcpy(at, names, sizeof names - 1);
    *at++ = 0; *at++ = 0; *at++ = sizeof watching - 1;
    at = mempcpy(at, "\0\0\0\0\0\1", 6);                  /* DATA, more may follow */
    at = mempcpy(at, watching, sizeof watching - 1);
    if ((size_t)(at - into) > room) fail("room");
    return at - into;
}

/* Moves the data of frames together at the start; they may be those of one long message. */
static ssize_t etcd_take(struct agent *agent, char *bytes, size_t size) {
    size_t whole = agent->body, at = agent->body; /* how much is data already */
    while (size - at >= 9) {
        size_t length = (unsigned char)bytes[at] << 16 | (unsigned char)bytes[at + 1] << 8
                        | (unsigned char)bytes[at + 2];
        if (size - at < 9 + length) break;
        if (bytes[at + 3] == 0) {
            is_open(agent); /* the watch was created */
            memmove(bytes + whole, bytes + at + 9, length);
            whole += length;
        }
        at += 9 + length;
    }
    ssize_t used = marked(agent, bytes, whole);
    size_t rest = whole - used; /* data that is not done with comes first, then what is no frame yet */
    memmove(bytes + at - rest, bytes + used, rest);
    agent->body = rest;
    return at - rest;
}

static const struct protocol PROTOCOLS[] = {
    {"sse", sse_hello, sse_take},
    {"redis", redis_hello, redis_take},
    {"nats", nats_hello, nats_take},
    {"etcd", etcd_hello, etcd_take},
};

const struct protocol *protocol_named(const char *name) {
    for (size_t i = 0; i < sizeof PROTOCOLS / sizeof *PROTOCOLS; i++)
        if (!strcmp(PROTOCOLS[i].name, name)) return &PROTOCOLS[i];
    fprintf(stderr, "there is no protocol %s\n", name);
    exit(2);
}
