/* Small programs of a Windows host that start another one, with their own standard handles, and end with its status.
 *
 * Built three times, from one source:
 *   limited.exe     starts the rest of its command line as one who is no administrator (-DLIMITED)
 *   verbatim.exe    starts the command line in LAB_COMMAND_LINE: Unix hands over arguments, not a line, and Wine's quoting
 *                   of them is not cmd's (-DVERBATIM)
 *   powershell.exe  starts the pwsh.exe beside it, which needs a console under Wine: without one it prints nothing
 *                   (-DPWSH)
 */
#include <windows.h>
#include <stdio.h>

#define LINE 32768

static int failed(const char *what)
{
    fprintf(stderr, "%s failed with error %lu\n", what, GetLastError());
    return 255;
}

#ifndef VERBATIM
/* What follows the program's own name. */
static const wchar_t *arguments(void)
{
    const wchar_t *line = GetCommandLineW();
    int quoted = 0;
    while (*line && (quoted || (*line != L' ' && *line != L'\t')))
        if (*line++ == L'"') quoted = !quoted;
    while (*line == L' ' || *line == L'\t') line++;
    return line;
}
#endif

/* The command line to start, into `line`; 0 if there is none. */
static int command_line(wchar_t *line)
{
#if defined VERBATIM
    DWORD length = GetEnvironmentVariableW(L"LAB_COMMAND_LINE", line, LINE);
    SetEnvironmentVariableW(L"LAB_COMMAND_LINE", NULL);
    return length > 0 && length < LINE;
#elif defined PWSH
    wchar_t folder[MAX_PATH];
    GetModuleFileNameW(NULL, folder, MAX_PATH);
    *wcsrchr(folder, L'\\') = 0;
    return _snwprintf(line, LINE, L"\"%ls\\pwsh.exe\" %ls", folder, arguments()) > 0;
#else
    return _snwprintf(line, LINE, L"%ls", arguments()) > 0;
#endif
}

/* The token to start it with; NULL is our own. */
static int token(HANDLE *limited)
{
    *limited = NULL;
#ifdef LIMITED
    BYTE sid[SECURITY_MAX_SID_SIZE];
    DWORD size = sizeof sid;
    HANDLE own;
    if (!CreateWellKnownSid(WinBuiltinAdministratorsSid, NULL, sid, &size)) return 0;
    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_ALL_ACCESS, &own)) return 0;
    SID_AND_ATTRIBUTES denied = {sid, 0};
    return CreateRestrictedToken(own, 0, 1, &denied, 0, NULL, 0, NULL, limited);
#endif
    return 1;
}

int wmain(void)
{
    static wchar_t line[LINE];
    STARTUPINFOW with = {.cb = sizeof with, .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION started;
    HANDLE limited;
    DWORD status, flags = 0;

    with.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    with.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    with.hStdError = GetStdHandle(STD_ERROR_HANDLE);
#ifdef PWSH
    flags = CREATE_NO_WINDOW;
#endif
    if (!command_line(line)) return failed("reading the command line");
    if (!token(&limited)) return failed("making a restricted token");
    if (limited ? !CreateProcessAsUserW(limited, NULL, line, NULL, NULL, TRUE, flags, NULL, NULL, &with, &started)
                : !CreateProcessW(NULL, line, NULL, NULL, TRUE, flags, NULL, NULL, &with, &started))
        return failed("starting it");
    WaitForSingleObject(started.hProcess, INFINITE);
    if (!GetExitCodeProcess(started.hProcess, &status)) return failed("reading its status");
    return status;
}
