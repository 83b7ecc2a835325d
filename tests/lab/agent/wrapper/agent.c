/* One run of the agent: its back end's port, then the protocol, or staying in memory. */
#include "sockets.h"
#include "wrapper.h"

#include <string.h>
#include <unistd.h>

/* AUTO and SOCKET hold the lowest free port of their range for as long as the agent runs; PIPE none. */
static int hold_backend_port(const char *backend)
{
    long first = conf_number("wrapper.port.min", 31000), last = conf_number("wrapper.port.max", 32999);

    if (strcmp(backend, "PIPE") == 0)
        return 0;
    for (long port = first; port <= last; port++) {
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_port = htons((unsigned short)port),
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socket_type fd = socket_nonblocking();
        if (fd != NO_SOCKET && bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 1) == 0) {
            log_wrapper("INFO", "listening on port %ld", port);
            return 0;
        }
        if (fd != NO_SOCKET)
            socket_close(fd);
    }
    log_wrapper("FATAL", "no free port from %ld to %ld", first, last);
    return -1;
}

int agent_run(void)
{
    const char *backend = conf_text("wrapper.backend.type", "AUTO");
    int status = 1;

    log_wrapper("STATUS", "started, process %ld, backend %s", (long)getpid(), backend);
    if (hold_backend_port(backend) == 0) {
        if (conf_true("wrapper.lab.resident")) {
            stay();
            status = 0;
        } else {
            status = protocol_run();
        }
    }
    log_wrapper("STATUS", "stopped, status %d", status);
    return status;
}
