#include "../sockets.h"

#include <stdio.h>

socket_type socket_nonblocking(void)
{
    static WSADATA started;
    unsigned long on = 1;
    SOCKET fd;

    if (started.wVersion == 0 && WSAStartup(MAKEWORD(2, 2), &started) != 0)
        return INVALID_SOCKET;
    fd = WSASocketW(AF_INET, SOCK_STREAM, IPPROTO_TCP, NULL, 0, WSA_FLAG_NO_HANDLE_INHERIT | WSA_FLAG_OVERLAPPED);
    if (fd != INVALID_SOCKET)
        ioctlsocket(fd, FIONBIO, &on);
    return fd;
}

void socket_close(socket_type fd)
{
    closesocket(fd);
}

int socket_error(void)
{
    return WSAGetLastError();
}

void socket_set_error(int error)
{
    WSASetLastError(error);
}

const char *socket_error_text(void)
{
    static char text[64];
    snprintf(text, sizeof text, "Winsock error %d", WSAGetLastError());
    return text;
}
