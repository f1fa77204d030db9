/* The least that a server of this protocol could do: an epoll loop that writes one prepared event
 * to every open stream, and answers every report with 204. It checks no token and keeps no books.
 *
 *   reference PORT        commands on standard input, each "NAME LENGTH\n" and so many bytes:
 *   head                  what a new stream is sent first
 *   push                  an event for every stream, and for those that come later
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 1024, REQUEST = 4096 };

struct text { char *bytes; size_t size; };

struct peer {
    int fd;
    struct peer *next, *before;       /* among the streams */
    struct text rest;                 /* what the socket did not take yet */
    size_t have;
    char *request;                    /* what was read of a request */
};

/* A peer is freed only where it is read from: nobody else holds it then. */
static int poller, listener;
static struct peer streams = {.next = &streams, .before = &streams};
static struct text head, event;

static void fail(const char *what) { perror(what); exit(1); }

static void watch(struct peer *peer, int how, unsigned events) {
    struct epoll_event wanted = {.events = events, .data.ptr = peer};
    if (epoll_ctl(poller, how, peer->fd, &wanted)) fail("epoll_ctl");
}

static void drop(struct peer *peer) {
    if (peer->next) { peer->next->before = peer->before; peer->before->next = peer->next; }
    close(peer->fd);
    free(peer->request);
    free(peer->rest.bytes);
    free(peer);
}

static void put(struct peer *peer, const struct text *text) {
    if (!peer->rest.size) {
        ssize_t sent = write(peer->fd, text->bytes, text->size);
        if (sent == (ssize_t)text->size) return;
        if (sent < 0 && errno != EAGAIN) { shutdown(peer->fd, SHUT_RDWR); return; }
        if (sent < 0) sent = 0;
        peer->rest.size = text->size - sent;
        peer->rest.bytes = malloc(peer->rest.size);
        memcpy(peer->rest.bytes, text->bytes + sent, peer->rest.size);
        watch(peer, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
        return;
    }
    peer->rest.bytes = realloc(peer->rest.bytes, peer->rest.size + text->size);
    memcpy(peer->rest.bytes + peer->rest.size, text->bytes, text->size);
    peer->rest.size += text->size;
}

static void go_on(struct peer *peer) {
    ssize_t sent = write(peer->fd, peer->rest.bytes, peer->rest.size);
    if (sent < 0 && errno != EAGAIN) { shutdown(peer->fd, SHUT_RDWR); return; }
    if (sent > 0) {
        peer->rest.size -= sent;
        memmove(peer->rest.bytes, peer->rest.bytes + sent, peer->rest.size);
    }
    if (peer->rest.size) return;
    free(peer->rest.bytes);
    peer->rest.bytes = NULL;
    watch(peer, EPOLL_CTL_MOD, EPOLLIN);
}

static void begin_stream(struct peer *peer) {
    free(peer->request);
    peer->request = NULL;
    peer->next = streams.next; peer->before = &streams;
    streams.next->before = peer; streams.next = peer;
    put(peer, &head);
    if (event.size) put(peer, &event);
}

static void answer(struct peer *peer) {
    static const struct text done = {"HTTP/1.1 204 No Content\r\n\r\n", 27};
    char *body = memmem(peer->request, peer->have, "\r\n\r\n", 4);
    if (!body) return;
    if (!memcmp(peer->request, "GET ", 4)) { begin_stream(peer); return; }
    char *length = memmem(peer->request, peer->have, "Content-Length: ", 16);
    size_t whole = body + 4 - peer->request + (length ? strtoul(length + 16, NULL, 10) : 0);
    if (peer->have < whole) return;
    peer->have = 0;
    put(peer, &done);
}

static void take(struct peer *peer) {
    char unread[REQUEST];
    char *into = peer->request ? peer->request + peer->have : unread;
    size_t room = peer->request ? REQUEST - 1 - peer->have : sizeof unread;
    ssize_t got = read(peer->fd, into, room);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) { drop(peer); return; }
    if (!peer->request) return;
    peer->have += got;
    peer->request[peer->have] = 0;
    answer(peer);
}

static void welcome(void) {
    for (;;) {
        int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK), on = 1;
        if (fd < 0) return;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct peer *peer = calloc(1, sizeof *peer);
        peer->fd = fd;
        peer->request = malloc(REQUEST);
        watch(peer, EPOLL_CTL_ADD, EPOLLIN);
    }
}

static void obey(void) {
    char name[8];
    size_t size;
    if (scanf("%7s %zu", name, &size) != 2 || getchar() != '\n') exit(0);
    struct text *text = strcmp(name, "head") ? &event : &head;
    text->bytes = realloc(text->bytes, size);
    if (fread(text->bytes, 1, size, stdin) != size) exit(0);
    text->size = size;
    if (text != &event) return;
    for (struct peer *peer = streams.next, *next; peer != &streams; peer = next) {
        next = peer->next;
        put(peer, &event);
    }
}

int main(int count, char **arguments) {
    if (count != 2) { fputs("usage: reference PORT\n", stderr); return 2; }
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    setvbuf(stdin, NULL, _IONBF, 0); /* what is buffered here would not wake epoll */
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(arguments[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int on = 1;
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(listener, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on); /* several share the agents */
    if (bind(listener, (void *)&address, sizeof address) || listen(listener, 65535)) fail("listen");
    poller = epoll_create1(0);
    struct peer accepting = {.fd = listener}, commands = {.fd = 0};
    watch(&accepting, EPOLL_CTL_ADD, EPOLLIN);
    watch(&commands, EPOLL_CTL_ADD, EPOLLIN);
    for (;;) {
        struct epoll_event events[EVENTS];
        int ready = epoll_wait(poller, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            struct peer *peer = events[i].data.ptr;
            if (peer == &accepting) welcome();
            else if (peer == &commands) obey();
            else {
                if (events[i].events & EPOLLOUT) go_on(peer);
                if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) take(peer);
            }
        }
    }
}
