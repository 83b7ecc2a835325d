/* HTTP/1.0 over a plain socket to a numeric address: no resolver, so that a static binary runs everywhere. */
#include "sockets.h"
#include "wrapper.h"

#include <stdio.h>
#include <string.h>

/* Returns 0 when the socket is ready to be written to (or read from) in time; Windows tells a refused connection as
 * an exceptional condition. */
static int wait_for(socket_type fd, int to_write, int timeout_ms)
{
    struct timeval limit = {.tv_sec = timeout_ms / 1000, .tv_usec = timeout_ms % 1000 * 1000};
    fd_set wanted, exceptional;
    int ready;

    FD_ZERO(&wanted);
    FD_SET(fd, &wanted);
    exceptional = wanted;
    ready = select((int)fd + 1, to_write ? NULL : &wanted, to_write ? &wanted : NULL, &exceptional, &limit);
    if (ready == 0)
        socket_set_error(SOCKET_TIMED_OUT);
    return ready > 0 ? 0 : -1;
}

static socket_type open_connection(const struct endpoint *to)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)to->port)};
    int error = 0;
    socklen_t size = sizeof error;
    socket_type fd;

    if (inet_pton(AF_INET, to->address, &address.sin_addr) != 1) {
        socket_set_error(SOCKET_INVALID);
        return NO_SOCKET;
    }
    fd = socket_nonblocking();
    if (fd == NO_SOCKET)
        return NO_SOCKET;
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    if (socket_error() == SOCKET_CONNECTING && wait_for(fd, 1, to->connect_timeout_ms) == 0) {
        getsockopt(fd, SOL_SOCKET, SO_ERROR, (void *)&error, &size);
        if (error == 0)
            return fd;
        socket_set_error(error);
    }
    error = socket_error();
    socket_close(fd);
    socket_set_error(error);
    return NO_SOCKET;
}

static int send_all(socket_type fd, const char *text, int length, int timeout_ms)
{
    while (length > 0) {
        int sent = (int)send(fd, text, (socket_length)length, SOCKET_NO_SIGNAL);
        if (sent < 0 && socket_error() != SOCKET_WOULD_BLOCK)
            return -1;
        if (sent < 0 && wait_for(fd, 1, timeout_ms) != 0)
            return -1;
        if (sent > 0) {
            text += sent;
            length -= sent;
        }
    }
    return 0;
}

/* Reads to the end of the connection; the time limit is for each read, as the vendor's is. */
static int receive_all(socket_type fd, char *text, int size, int timeout_ms)
{
    int length = 0;
    while (length + 1 < size) {
        int got;
        if (wait_for(fd, 0, timeout_ms) != 0)
            return -1;
        got = (int)recv(fd, text + length, (socket_length)(size - 1 - length), 0);
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        length += got;
    }
    text[length] = '\0';
    return 0;
}

static int exchange(socket_type fd, const struct endpoint *to, const char *method, const char *path, const char *body,
                    char *answer, size_t size)
{
    char request[1024];
    int length = snprintf(request, sizeof request,
                          "%s %s HTTP/1.0\r\nHost: %s\r\nAccept: application/json\r\n"
                          "Content-Length: %u\r\nConnection: close\r\n\r\n%s",
                          method, path, to->address, body ? (unsigned)strlen(body) : 0, body ? body : "");
    if (length < 0 || (size_t)length >= sizeof request) {
        socket_set_error(SOCKET_TOO_LONG);
        return -1;
    }
    if (send_all(fd, request, length, to->read_timeout_ms) != 0)
        return -1;
    return receive_all(fd, answer, (int)size, to->read_timeout_ms);
}

int http_request(const struct endpoint *to, const char *method, const char *path, const char *body,
                 char *answer, size_t size)
{
    socket_type fd = open_connection(to);
    int result, status = 0;
    char *start;

    if (fd == NO_SOCKET) {
        log_agent("ERROR", "%s %s: no connection to %s port %d: %s", method, path, to->address, to->port,
                  socket_error_text());
        return -1;
    }
    result = exchange(fd, to, method, path, body, answer, size);
    if (result != 0)
        log_agent("ERROR", "%s %s: no answer: %s", method, path, socket_error_text());
    socket_close(fd);
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
