/* What is not the same in POSIX sockets and Winsock. */
#ifndef LAB_SOCKETS_H
#define LAB_SOCKETS_H

#ifdef _WIN32

#include <winsock2.h>
#include <ws2tcpip.h>

typedef SOCKET socket_type;
typedef int socket_length;
#define NO_SOCKET INVALID_SOCKET
enum {
    SOCKET_NO_SIGNAL = 0,
    SOCKET_TIMED_OUT = WSAETIMEDOUT,
    SOCKET_INVALID = WSAEINVAL,
    SOCKET_TOO_LONG = WSAEMSGSIZE,
    SOCKET_CONNECTING = WSAEWOULDBLOCK,
    SOCKET_WOULD_BLOCK = WSAEWOULDBLOCK,
};

#else

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/select.h>
#include <sys/socket.h>

typedef int socket_type;
typedef size_t socket_length;
#define NO_SOCKET (-1)
enum {
    SOCKET_NO_SIGNAL = MSG_NOSIGNAL,
    SOCKET_TIMED_OUT = ETIMEDOUT,
    SOCKET_INVALID = EINVAL,
    SOCKET_TOO_LONG = EMSGSIZE,
    SOCKET_CONNECTING = EINPROGRESS,
    SOCKET_WOULD_BLOCK = EAGAIN,
};

#endif

/* sockets.c of linux/ and of windows/. Children do not inherit the socket. */
socket_type socket_nonblocking(void);
void socket_close(socket_type fd);
int socket_error(void);
void socket_set_error(int error);
const char *socket_error_text(void);

#endif
