/* What the agents of a benchmark have in common with the protocols that they speak. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct agent;

struct line {
    int fd, connected, is_uplink;
    struct agent *agent;
};

struct agent {
    struct line stream, uplink;
    int number, known, opening, failures;
    int body;                    /* whether the head of the answer was read */
    int64_t reopen, report;      /* when to connect, when to report; 0: not at all */
    int64_t retry, within;       /* advice: milliseconds, microseconds */
    char session[64], id[96], digest[65], *bytes;
    size_t have, room;
};

struct protocol {
    const char *name;
    /* The first bytes of a connection; returns their number. */
    int (*hello)(struct agent *agent, char *into, size_t room);
    /* Take what was received; returns the bytes that are done with, -1 where the stream is bad. */
    ssize_t (*take)(struct agent *agent, char *bytes, size_t size);
};

extern int acks, slow, first;
extern const char *token;

int64_t now(void);
void fail(const char *what);
void is_open(struct agent *agent);
void has_applied(struct agent *agent);

const struct protocol *protocol_named(const char *name);
int report_of(struct agent *agent, char *into, size_t room);
