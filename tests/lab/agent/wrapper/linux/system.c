#include "../wrapper.h"

#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void pause_ms(long milliseconds)
{
    struct timespec time = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* Unquoted, and its status unread: that is how the vendor's agent does it. */
void apply_password(const char *password)
{
    char command[VALUE_SIZE + 64];
    pid_t child;

    snprintf(command, sizeof command, "echo root:%s|chpasswd", password);
    child = fork();
    if (child == 0) {
        execl("/bin/sh", "/bin/sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    if (child > 0)
        waitpid(child, NULL, 0);
    memset(command, 0, sizeof command);
    log_agent("INFO", "the password of root was handed to chpasswd");
}
