/* SPDX-FileCopyrightText: 2026 cloudreset contributors
 * SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What winrshost.exe is on Windows: starts one command of a remote shell. Only a Windows program can give a command an
 * exact command line, a console with a code page, an end that takes its children along, and an exit status of 32 bits.
 *
 *   winrshost               runs WINRS_LINE
 *   winrshost console PAGE  starts a console of that code page for others to attach to, prints its process id, and
 *                           keeps it until standard input ends
 *
 * WINRS_LINE       the command line
 * WINRS_DIRECTORY  where it runs
 * WINRS_CONSOLE    the process whose console it shares
 * WINRS_PAGE       that console's code page, which an earlier command may have changed
 * WINRS_STATUS     the file that gets an exit status of more than eight bits, which Linux cannot pass on
 * WINRS_SET_0, ... NAME=VALUE for the command's environment
 */
#include <stdio.h>
#include <windows.h>

enum { LIMIT = 32768 };
static wchar_t line[LIMIT], directory[LIMIT], status[LIMIT], assignment[LIMIT];

static int fail(const char *what)
{
    fprintf(stderr, "winrshost: %s: error %lu\n", what, GetLastError());
    return 1;
}

/* Reads a variable that is ours, and takes it out of what the command inherits. */
static BOOL take(const wchar_t *name, wchar_t *value)
{
    BOOL found = GetEnvironmentVariableW(name, value, LIMIT) != 0;
    SetEnvironmentVariableW(name, NULL);
    return found;
}

static DWORD number(const wchar_t *name)
{
    wchar_t text[LIMIT];
    return take(name, text) ? wcstoul(text, NULL, 10) : 0;
}

static BOOL start(const wchar_t *program, const wchar_t *where, DWORD flags, STARTUPINFOW *with, PROCESS_INFORMATION *out)
{
    return CreateProcessW(program, line, NULL, NULL, TRUE, flags, NULL, where, with, out);
}

static void inherit_streams(STARTUPINFOW *info)
{
    info->cb = sizeof *info;
    info->dwFlags = STARTF_USESTDHANDLES;
    info->hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    info->hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    info->hStdError = GetStdHandle(STD_ERROR_HANDLE);
}

/* A console without a window comes only with the start of a program, so this starts itself once more. */
static int keep_console(unsigned page)
{
    STARTUPINFOW info = {0};
    PROCESS_INFORMATION second;
    char byte;
    DWORD count;

    if (GetConsoleOutputCP() == 0) {
        inherit_streams(&info);
        wcscpy(line, GetCommandLineW());
        return start(NULL, NULL, CREATE_NO_WINDOW, &info, &second) ? 0 : fail("no console");
    }
    if (!SetConsoleOutputCP(page) || !SetConsoleCP(page))
        return fail("no such code page");
    printf("%lu\n", GetCurrentProcessId());
    fflush(stdout);
    while (ReadFile(GetStdHandle(STD_INPUT_HANDLE), &byte, 1, &count, NULL) && count)
        ;
    return 0;
}

/* Its last handle is ours, so its processes end with this one, however that ends. */
static HANDLE new_job(void)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {0};
    HANDLE job = CreateJobObjectW(NULL, NULL);

    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_BREAKAWAY_OK;
    SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits);
    return job;
}

static void set_environment(void)
{
    wchar_t name[32];

    for (unsigned i = 0; swprintf(name, 32, L"WINRS_SET_%u", i), take(name, assignment); i++) {
        wchar_t *value = wcschr(assignment, L'=');
        if (value) {
            *value = 0;
            SetEnvironmentVariableW(assignment, value + 1);
        }
    }
}

static void report(DWORD code)
{
    FILE *file = code > 255 && *status ? _wfopen(status, L"w") : NULL;

    if (file) {
        fprintf(file, "%lu", code);
        fclose(file);
    }
}

static int run_command(void)
{
    STARTUPINFOW info = {0};
    PROCESS_INFORMATION command;
    HANDLE job = new_job();
    DWORD code = 1, console = number(L"WINRS_CONSOLE"), page = number(L"WINRS_PAGE");

    inherit_streams(&info);
    if (console && (FreeConsole(), !AttachConsole(console)))
        return fail("the console is gone");
    if (console && GetConsoleOutputCP() != page)
        SetConsoleOutputCP(page), SetConsoleCP(page);
    take(L"WINRS_LINE", line);
    take(L"WINRS_STATUS", status);
    BOOL elsewhere = take(L"WINRS_DIRECTORY", directory);
    set_environment();
    if (!start(NULL, elsewhere ? directory : NULL, CREATE_SUSPENDED, &info, &command))
        return fail("the command cannot be started");
    AssignProcessToJobObject(job, command.hProcess);
    ResumeThread(command.hThread);
    CloseHandle(info.hStdInput);
    CloseHandle(info.hStdOutput);
    WaitForSingleObject(command.hProcess, INFINITE);
    GetExitCodeProcess(command.hProcess, &code);
    report(code);
    return (int)code;
}

int wmain(int count, wchar_t **arguments)
{
    return count == 3 && !wcscmp(arguments[1], L"console") ? keep_console(wcstoul(arguments[2], NULL, 10)) : run_command();
}
