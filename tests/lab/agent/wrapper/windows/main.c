/* The stand-in for the service wrapper and the agent's Java in it, in one static wrapper.exe.
 *
 *   wrapper -i|-r|-t|-p|-q|-s|-c CONF   registers, removes, starts, stops, queries, is the service; runs in the console
 *   wrapper --net user NAME PASSWORD    stands for net.exe, which Wine has not
 *   wrapper --hold FILE                 keeps a file locked, and itself: for tests of what cannot be deleted
 *   wrapper --sleep SECONDS             for the installer that hangs
 *   wrapper --decrypt UUID BLOB         prints the password of a blob: the known-answer test
 */
#include "../wrapper.h"
#include "parts.h"

#include <windows.h>

#include <shellapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *option;
    int (*run)(void);
} commands[] = {
    {"-i", service_install}, {"-r", service_remove},   {"-t", service_start}, {"-p", service_stop},
    {"-q", service_query},   {"-s", service_dispatch}, {"-c", agent_run},
};

/* Reads conf\wrapper.conf beside this program's folder, and makes the logs' folder beside it. Returns 0, or -1. */
static int open_folder(void)
{
    char self[PATH_SIZE], path[2 * PATH_SIZE];
    char *slash;

    GetModuleFileNameA(NULL, self, sizeof self);
    for (int i = 0; i < 2; i++)
        if ((slash = strrchr(self, '\\')))
            *slash = '\0';
    snprintf(path, sizeof path, "%s\\logs", self);
    CreateDirectoryA(path, NULL);
    log_open(path);
    snprintf(path, sizeof path, "%s\\conf\\wrapper.conf", self);
    if (conf_load(path) == 0)
        return 0;
    printf("wrapper  | %s cannot be read.\n", path);
    return -1;
}

static int usage(void)
{
    puts("wrapper  | usage: wrapper -i|-r|-t|-p|-q|-s|-c CONF");
    return 2;
}

static int run(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "--decrypt") == 0)
        return blob_show(argv[2], argv[3]);
    if (argc == 3 && strcmp(argv[1], "--hold") == 0)
        return hold(argv[2]);
    if (argc == 3 && strcmp(argv[1], "--sleep") == 0) {
        pause_ms(atol(argv[2]) * 1000);
        return 0;
    }
    if (argc < 3)
        return usage();
    if (open_folder() != 0)
        return 1;
    if (strcmp(argv[1], "--net") == 0)
        return net_user(argc - 2, argv + 2);
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[1], commands[i].option) == 0)
            return commands[i].run();
    return usage();
}

/* main()'s own arguments are in the code page of the host; these are UTF-8, whatever the password. */
int main(void)
{
    int argc;
    wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), &argc);
    char **argv = calloc((size_t)argc + 1, sizeof *argv);

    for (int i = 0; i < argc; i++) {
        int size = WideCharToMultiByte(CP_UTF8, 0, wide[i], -1, NULL, 0, NULL, NULL);
        argv[i] = malloc((size_t)size);
        WideCharToMultiByte(CP_UTF8, 0, wide[i], -1, argv[i], size, NULL, NULL);
    }
    return run(argc, argv);
}
