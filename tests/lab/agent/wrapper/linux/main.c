/* The stand-in for the service wrapper and the agent's Java in it, in one static binary.
 *
 *   wrapper CONF [key=value]...      one run; wrapper.daemonize=TRUE puts it into the background
 *   wrapper --decrypt UUID BLOB      prints the password of a blob: the known-answer test
 */
#include "../wrapper.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void write_file(const char *path, const char *text)
{
    FILE *file;
    if (path[0] == '\0')
        return;
    file = fopen(path, "w");
    if (!file) {
        log_wrapper("ERROR", "cannot write %s: %s", path, strerror(errno));
        return;
    }
    fputs(text, file);
    fclose(file);
}

static const char *pidfile = "", *statusfile = "";

static void remove_state_files(void)
{
    if (statusfile[0] != '\0')
        unlink(statusfile);
    if (pidfile[0] != '\0')
        unlink(pidfile);
}

static void on_terminate(int number)
{
    remove_state_files();
    _exit(128 + number);
}

void stay(void)
{
    write_file(statusfile, "STARTED\n");
    pause();
}

static int run(void)
{
    struct sigaction on_term = {.sa_handler = on_terminate};
    int status;

    sigaction(SIGTERM, &on_term, NULL);
    status = agent_run();
    remove_state_files();
    return status;
}

static void write_pid(void)
{
    char text[32];
    snprintf(text, sizeof text, "%ld\n", (long)getpid());
    write_file(pidfile, text);
}

/* The parent leaves when the pid file is there, so that `start` never finds it missing too early. */
static int run_in_background(void)
{
    int ready[2], null;
    char byte;
    pid_t child;

    if (pipe(ready) != 0 || (child = fork()) < 0) {
        perror("wrapper: cannot go into the background");
        return 1;
    }
    if (child > 0) {
        close(ready[1]);
        return read(ready[0], &byte, 1) < 0;
    }
    setsid();
    write_pid();
    null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd <= 2; fd++)
        dup2(null, fd);
    if (null > 2)
        close(null);
    close(ready[0]);
    close(ready[1]);
    return run();
}

static int start(int argc, char **argv)
{
    static char conf[PATH_SIZE], folder[PATH_SIZE], logs[PATH_SIZE + 16];

    if (!realpath(argv[1], conf) || conf_load(conf) != 0) {
        fprintf(stderr, "wrapper: cannot read %s: %s\n", argv[1], strerror(errno));
        return 1;
    }
    for (int i = 2; i < argc; i++)
        conf_set(argv[i]);
    snprintf(folder, sizeof folder, "%s", conf);
    snprintf(logs, sizeof logs, "%s/logs", dirname(dirname(folder)));
    mkdir(logs, 0755);
    log_open(logs);
    pidfile = conf_text("wrapper.pidfile", "");
    statusfile = conf_text("wrapper.statusfile", "");
    if (conf_true("wrapper.daemonize"))
        return run_in_background();
    write_pid();
    return run();
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "--decrypt") == 0)
        return blob_show(argv[2], argv[3]);
    if (argc < 2) {
        fputs("usage: wrapper CONF [key=value]...\n       wrapper --decrypt UUID BLOB\n", stderr);
        return 2;
    }
    return start(argc, argv);
}
