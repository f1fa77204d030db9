/* Many agents in one process: each holds a connection of its own, verifies every bundle by its
 * digest, and acknowledges it in a request of its own, after a wait as the server advises.
 *
 *   agents PROTOCOL PORT COUNT SOURCE FIRST ACKS SLOW TOKEN
 *
 * PROTOCOL is sse, redis, nats or etcd; SOURCE the address to connect from; FIRST the number of the
 * first agent; ACKS 1 to acknowledge; SLOW 1 to read nothing after the first bundle. Writes lines to
 * standard output: "ready", and for each change that all have "applied COUNT PEAK" (requests in the
 * busiest tenth of a second) with COUNT times as 64-bit nanoseconds, then "acknowledged COUNT TIME".
 */
#define _GNU_SOURCE
#include "agents.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 1024, SCRATCH = 1 << 18, OPENING = 200, UPLINKS = 4000, TICK = 2 };

static int poller, port, count, opening, uplinks, opened, applied, acknowledged, announced;
static struct in_addr source;
static struct agent *agents;
static int64_t *times, bucket, busiest, requests;
static char scratch[SCRATCH];

int acks, slow, first;
const char *token;
const struct protocol *protocol;

void fail(const char *what) { perror(what); exit(1); }

int64_t now(void) {
    struct timespec spec;
    clock_gettime(CLOCK_MONOTONIC, &spec);
    return spec.tv_sec * 1000000000LL + spec.tv_nsec;
}

static double chance(void) { return rand() / (RAND_MAX + 1.0); }

static void count_request(void) {
    int64_t current = now() / 100000000;
    if (current != bucket) { bucket = current; requests = 0; }
    if (++requests > busiest) busiest = requests;
}

static void watch(struct line *line, int how, unsigned events) {
    struct epoll_event wanted = {.events = events, .data.ptr = line};
    if (epoll_ctl(poller, how, line->fd, &wanted)) fail("epoll_ctl");
}

static void open_line(struct line *line) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = source};
    int on = 1;
    line->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (line->fd < 0) fail("socket: the limit of open files is too low");
    setsockopt(line->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    if (slow) {
        int least = 4096;
        setsockopt(line->fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof least);
    }
    if (bind(line->fd, (void *)&address, sizeof address)) fail("bind");
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    if (connect(line->fd, (void *)&address, sizeof address) && errno != EINPROGRESS) fail("connect");
    line->connected = 0;
    watch(line, EPOLL_CTL_ADD, EPOLLOUT);
    count_request();
}

static void close_line(struct line *line) {
    if (line->fd >= 0) close(line->fd);
    if (line->fd >= 0 && line->is_uplink) uplinks--;
    line->fd = -1;
}

/* As an agent does: what the server said, and full jitter on top that doubles. */
static void come_back(struct agent *agent) {
    int64_t most = 500000000LL << (agent->failures < 6 ? agent->failures : 6);
    if (most > 30000000000LL) most = 30000000000LL;
    if (agent->opening) { agent->opening = 0; opening--; }
    agent->failures++;
    agent->reopen = now() + agent->retry * 1000000LL + (int64_t)(chance() * most);
    agent->retry = agent->have = agent->body = 0;
    close_line(&agent->stream);
}

static void open_stream(struct agent *agent) {
    agent->reopen = 0;
    agent->opening = 1;
    opening++;
    open_line(&agent->stream);
}

void is_open(struct agent *agent) {
    if (agent->opening) { agent->opening = 0; opening--; }
    agent->failures = 0;
    if (!agent->known) { agent->known = 1; opened++; }
}

void has_applied(struct agent *agent) {
    if (!announced) return;
    times[applied++] = now();
    if (acks) agent->report = now() + (int64_t)((0.1 + 0.9 * chance()) * agent->within * 1000);
    if (applied < count) return;
    printf("applied %d %lld\n", applied, (long long)busiest * 10);
    fwrite(times, sizeof *times, applied, stdout);
    fflush(stdout);
    applied = busiest = 0;
}

static void has_acknowledged(struct agent *agent, int64_t at) {
    close_line(&agent->uplink);
    if (++acknowledged % count) return;
    printf("acknowledged %d %lld\n", count, (long long)at);
    fflush(stdout);
}

static void send_request(struct line *line) {
    char request[2048];
    int size = line->is_uplink ? report_of(line->agent, request, sizeof request)
                               : protocol->hello(line->agent, request, sizeof request);
    if (write(line->fd, request, size) != size) { shutdown(line->fd, SHUT_RDWR); return; }
    line->connected = 1;
    watch(line, EPOLL_CTL_MOD, EPOLLIN);
}

static void read_uplink(struct agent *agent) {
    ssize_t got = read(agent->uplink.fd, scratch, SCRATCH - 1);
    if (got < 0 && errno == EAGAIN) return;
    if (got > 12 && !memcmp(scratch + 9, "204", 3)) { has_acknowledged(agent, now()); return; }
    close_line(&agent->uplink); /* unknown session, or no room: again, a little later */
    agent->report = now() + (int64_t)(chance() * 1000000000);
}

static void keep(struct agent *agent, const char *bytes, size_t size) {
    if (agent->have + size > agent->room) {
        agent->room = agent->have + size;
        agent->bytes = realloc(agent->bytes, agent->room);
    }
    memmove(agent->bytes + agent->have, bytes, size);
    agent->have += size;
}

static void read_stream(struct agent *agent) {
    ssize_t got = read(agent->stream.fd, scratch, SCRATCH);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) { come_back(agent); return; }
    keep(agent, scratch, got);
    ssize_t used = protocol->take(agent, agent->bytes, agent->have);
    if (used < 0) { come_back(agent); return; }
    agent->have -= used;
    memmove(agent->bytes, agent->bytes + used, agent->have);
    if (agent->have) return;
    free(agent->bytes);
    agent->bytes = NULL;
    agent->room = 0;
}

static void serve(struct line *line, unsigned events) {
    if (line->fd < 0) return;
    if (!line->connected && events & EPOLLOUT && !(events & (EPOLLERR | EPOLLHUP))) send_request(line);
    else if (line->is_uplink) read_uplink(line->agent);
    else if (slow && announced) watch(line, EPOLL_CTL_MOD, 0);
    else read_stream(line->agent);
}

static void act_on_time(void) {
    int64_t present = now();
    for (int i = 0; i < count; i++) {
        struct agent *agent = &agents[i];
        if (agent->reopen && agent->reopen <= present && (announced || opening < OPENING))
            open_stream(agent);
        if (agent->report && agent->report <= present && agent->session[0] && uplinks < UPLINKS) {
            agent->report = 0;
            close_line(&agent->uplink);
            open_line(&agent->uplink);
            uplinks++;
        }
    }
    if (announced || opened < count) return;
    announced = 1;
    busiest = 0;
    printf("ready\n");
    fflush(stdout);
}

static void prepare(void) {
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    srand(first + 1);
    agents = calloc(count, sizeof *agents);
    times = calloc(count, sizeof *times);
    poller = epoll_create1(0);
    for (int i = 0; i < count; i++) {
        struct agent *agent = &agents[i];
        agent->number = first + i;
        agent->reopen = 1;
        agent->stream = (struct line){.fd = -1, .agent = agent};
        agent->uplink = (struct line){.fd = -1, .is_uplink = 1, .agent = agent};
    }
}

int main(int given, char **arguments) {
    if (given != 9) { fputs("usage: see the head of the source\n", stderr); return 2; }
    protocol = protocol_named(arguments[1]);
    port = atoi(arguments[2]);
    count = atoi(arguments[3]);
    inet_pton(AF_INET, arguments[4], &source);
    first = atoi(arguments[5]);
    acks = atoi(arguments[6]);
    slow = atoi(arguments[7]);
    token = arguments[8];
    prepare();
    for (int64_t next = 0;;) {
        struct epoll_event events[EVENTS];
        int ready = epoll_wait(poller, events, EVENTS, TICK);
        for (int i = 0; i < ready; i++) serve(events[i].data.ptr, events[i].events);
        if (now() < next) continue;
        act_on_time();
        next = now() + TICK * 1000000LL;
    }
}
