#include "wrapper.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char folder_of_logs[PATH_SIZE] = ".";

void log_open(const char *folder)
{
    snprintf(folder_of_logs, sizeof folder_of_logs, "%s", folder);
}

static void append(const char *name, const char *head, const char *format, va_list arguments)
{
    char path[PATH_SIZE + 32];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder_of_logs, name);
    file = fopen(path, "a");
    if (!file) {
        fprintf(stderr, "wrapper: cannot write %s: %s\n", path, strerror(errno));
        return;
    }
    fputs(head, file);
    vfprintf(file, format, arguments);
    fputc('\n', file);
    fclose(file);
}

static void now(char *text, size_t size, const char *format)
{
    time_t seconds = time(NULL);
    strftime(text, size, format, localtime(&seconds));
}

void log_agent(const char *level, const char *format, ...)
{
    char stamp[32], head[96];
    va_list arguments;

    now(stamp, sizeof stamp, "%Y-%m-%d %H:%M:%S");
    snprintf(head, sizeof head, "%s [%ld] %-5s ", stamp, (long)getpid(), level);
    va_start(arguments, format);
    append("resetPwdAgent.log", head, format, arguments);
    va_end(arguments);
}

void log_wrapper(const char *level, const char *format, ...)
{
    char stamp[32], head[96];
    va_list arguments;

    now(stamp, sizeof stamp, "%Y/%m/%d %H:%M:%S");
    snprintf(head, sizeof head, "%-6s | wrapper  | %s | ", level, stamp);
    va_start(arguments, format);
    append("wrapper.log", head, format, arguments);
    va_end(arguments);
}
