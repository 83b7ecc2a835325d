/* HTTP/1.0 over a plain socket to a numeric address: no resolver, so that a static binary runs everywhere. */
#include "wrapper.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int wait_for(int fd, short events, int timeout_ms)
{
    struct pollfd one = {.fd = fd, .events = events};
    int ready;
    do
        ready = poll(&one, 1, timeout_ms);
    while (ready < 0 && errno == EINTR);
    if (ready == 0)
        errno = ETIMEDOUT;
    return ready > 0 ? 0 : -1;
}

static int open_connection(const struct endpoint *to)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)to->port)};
    int error = 0, fd;
    socklen_t size = sizeof error;

    if (inet_pton(AF_INET, to->address, &address.sin_addr) != 1) {
        errno = EINVAL;
        return -1;
    }
    fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    if (errno == EINPROGRESS && wait_for(fd, POLLOUT, to->connect_timeout_ms) == 0) {
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error == 0)
            return fd;
        errno = error;
    }
    error = errno;
    close(fd);
    errno = error;
    return -1;
}

static int send_all(int fd, const char *text, size_t length, int timeout_ms)
{
    while (length > 0) {
        ssize_t sent = send(fd, text, length, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN)
            return -1;
        if (sent < 0 && wait_for(fd, POLLOUT, timeout_ms) != 0)
            return -1;
        if (sent > 0) {
            text += sent;
            length -= (size_t)sent;
        }
    }
    return 0;
}

/* Reads to the end of the connection; the time limit is for each read, as the vendor's is. */
static int receive_all(int fd, char *text, size_t size, int timeout_ms)
{
    size_t length = 0;
    while (length + 1 < size) {
        ssize_t got;
        if (wait_for(fd, POLLIN, timeout_ms) != 0)
            return -1;
        got = recv(fd, text + length, size - 1 - length, 0);
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        length += (size_t)got;
    }
    text[length] = '\0';
    return 0;
}

static int exchange(int fd, const struct endpoint *to, const char *method, const char *path, const char *body,
                    char *answer, size_t size)
{
    char request[1024];
    int length = snprintf(request, sizeof request,
                          "%s %s HTTP/1.0\r\nHost: %s\r\nAccept: application/json\r\n"
                          "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
                          method, path, to->address, body ? strlen(body) : 0, body ? body : "");
    if (length < 0 || (size_t)length >= sizeof request) {
        errno = EMSGSIZE;
        return -1;
    }
    if (send_all(fd, request, (size_t)length, to->read_timeout_ms) != 0)
        return -1;
    return receive_all(fd, answer, size, to->read_timeout_ms);
}

int http_request(const struct endpoint *to, const char *method, const char *path, const char *body,
                 char *answer, size_t size)
{
    int fd = open_connection(to), result, status = 0;
    char *start;

    if (fd < 0) {
        log_agent("ERROR", "%s %s: no connection to %s port %d: %s", method, path, to->address, to->port,
                  strerror(errno));
        return -1;
    }
    result = exchange(fd, to, method, path, body, answer, size);
    if (result != 0)
        log_agent("ERROR", "%s %s: no answer: %s", method, path, strerror(errno));
    close(fd);
    if (result != 0)
        return -1;
    start = strstr(answer, "\r\n\r\n");
    if (!start || sscanf(answer, "HTTP/%*d.%*d %d", &status) != 1 || status != 200) {
        log_agent("ERROR", "%s %s: answered with status %d", method, path, status);
        return -1;
    }
    memmove(answer, start + 4, strlen(start + 4) + 1);
    log_agent("INFO", "%s %s: 200", method, path);
    return 0;
}
