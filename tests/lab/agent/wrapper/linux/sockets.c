#include "../sockets.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

socket_type socket_nonblocking(void)
{
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

void socket_close(socket_type fd)
{
    close(fd);
}

int socket_error(void)
{
    return errno;
}

void socket_set_error(int error)
{
    errno = error;
}

const char *socket_error_text(void)
{
    return strerror(errno);
}
