#include "../wrapper.h"

#include <windows.h>

#include <stdio.h>

void pause_ms(long milliseconds)
{
    Sleep((DWORD)milliseconds);
}

/* `stop` ends the process. */
void stay(void)
{
    Sleep(INFINITE);
}

/* With the service ends what it waits for: the program in the job is in the agent's own folder, unlike net.exe. */
static void tie_to_this_process(HANDLE child)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits = {
        .BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE};
    HANDLE job = CreateJobObjectW(NULL, NULL);
    if (!job || !SetInformationJobObject(job, JobObjectExtendedLimitInformation, &limits, sizeof limits) ||
        !AssignProcessToJobObject(job, child))
        log_agent("ERROR", "no job for the program that sets passwords: error %lu", GetLastError());
}

/* Its standard input is a pipe that nobody writes to, as Java's is: a question is never answered. */
static int run_and_wait(wchar_t *command)
{
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};
    STARTUPINFOW startup = {.cb = sizeof startup, .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION child;
    HANDLE unwritten, null;

    CreatePipe(&startup.hStdInput, &unwritten, &inherited, 0);
    SetHandleInformation(unwritten, HANDLE_FLAG_INHERIT, 0);
    null = CreateFileW(L"NUL", GENERIC_WRITE, FILE_SHARE_WRITE, &inherited, OPEN_EXISTING, 0, NULL);
    startup.hStdOutput = startup.hStdError = null;
    if (!CreateProcessW(NULL, command, NULL, NULL, TRUE, CREATE_NO_WINDOW | CREATE_SUSPENDED, NULL, NULL, &startup,
                        &child))
        return -1;
    tie_to_this_process(child.hProcess);
    ResumeThread(child.hThread);
    WaitForSingleObject(child.hProcess, INFINITE);
    return 0;
}

/* Unquoted through the command interpreter, and its status unread: that is how the vendor's agent does it. Wine has
 * no `net user`, so a command of this program takes its place. */
void apply_password(const char *password)
{
    char self[PATH_SIZE], line[VALUE_SIZE + PATH_SIZE + 64];
    wchar_t command[VALUE_SIZE + PATH_SIZE + 64];

    GetModuleFileNameA(NULL, self, sizeof self);
    snprintf(line, sizeof line, "cmd /c %s --net user Administrator %s", self, password);
    MultiByteToWideChar(CP_UTF8, 0, line, -1, command, sizeof command / sizeof *command);
    if (run_and_wait(command) != 0)
        log_agent("ERROR", "the password of Administrator was not handed to net user: error %lu", GetLastError());
    else
        log_agent("INFO", "the password of Administrator was handed to net user");
    SecureZeroMemory(command, sizeof command);
    SecureZeroMemory(line, sizeof line);
}
