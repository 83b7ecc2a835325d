/* The service around the agent, and the commands that register, start and stop it. */
#include "../wrapper.h"
#include "parts.h"

#include <windows.h>

#include <stdio.h>
#include <string.h>

enum { LOOK_AGAIN_MS = 50 };

static const char *name_of_service(void)
{
    return conf_text("wrapper.name", "cloudResetPwdAgent");
}

static int say(const char *what, int status)
{
    printf("wrapper  | The %s service %s\n", name_of_service(), what);
    return status;
}

static int say_error(const char *what, DWORD error)
{
    char text[128];
    snprintf(text, sizeof text, "%s - error %lu.", what, error);
    return say(text, 1);
}

/* Returns the service, or NULL after saying why. */
static SC_HANDLE open_service(DWORD access)
{
    SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
    SC_HANDLE service = manager ? OpenServiceA(manager, name_of_service(), access) : NULL;
    DWORD error = GetLastError();

    if (manager)
        CloseServiceHandle(manager);
    if (!service && error == ERROR_SERVICE_DOES_NOT_EXIST)
        say("is not installed.", 1);
    else if (!service)
        say_error("could not be opened", error);
    return service;
}

static DWORD start_type(void)
{
    const char *text = conf_text("wrapper.ntservice.starttype", "AUTO_START");
    if (strcmp(text, "DISABLED") == 0)
        return SERVICE_DISABLED;
    return strcmp(text, "DEMAND_START") == 0 ? SERVICE_DEMAND_START : SERVICE_AUTO_START;
}

/* As it is shown in the list of services: the program, -s and its configuration. */
static void command_line(char *text, size_t size)
{
    char self[PATH_SIZE], folder[PATH_SIZE];
    char *slash;

    GetModuleFileNameA(NULL, self, sizeof self);
    strcpy(folder, self);
    for (int i = 0; i < 2; i++)
        if ((slash = strrchr(folder, '\\')))
            *slash = '\0';
    snprintf(text, size, "%s -s %s\\conf\\wrapper.conf", self, folder);
}

int service_install(void)
{
    char command[3 * PATH_SIZE];
    SC_HANDLE manager, service;
    DWORD error;

    if (strcmp(conf_text("wrapper.lab.registration", ""), "UNREGISTERED") == 0)
        return say("installed.", 0); /* the lie */
    manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CREATE_SERVICE);
    if (!manager)
        return say_error("could not be installed", GetLastError());
    command_line(command, sizeof command);
    service = CreateServiceA(manager, name_of_service(), conf_text("wrapper.displayname", name_of_service()),
                             SERVICE_ALL_ACCESS, SERVICE_WIN32_OWN_PROCESS, start_type(), SERVICE_ERROR_NORMAL,
                             command, NULL, NULL, NULL, NULL, NULL);
    error = GetLastError();
    CloseServiceHandle(manager);
    if (service) {
        CloseServiceHandle(service);
        return say("installed.", 0);
    }
    if (error == ERROR_SERVICE_EXISTS)
        return say("is already installed.", 1);
    return say_error("could not be installed", error);
}

static DWORD state_of(SC_HANDLE service)
{
    SERVICE_STATUS status;
    return QueryServiceStatus(service, &status) ? status.dwCurrentState : 0;
}

/* Prints a dot for each interval in which the state is not yet the wanted one, or Stopped. */
static DWORD wait_for(SC_HANDLE service, DWORD wanted)
{
    long interval = (long)(conf_seconds("wrapper.lab.wait_interval", 1) * 1000);
    long rounds = conf_number("wrapper.lab.wait_rounds", 120), waited = 0;
    DWORD state = state_of(service);

    while (state != wanted && state != SERVICE_STOPPED && waited < rounds * interval) {
        if (waited % interval < LOOK_AGAIN_MS) {
            printf(".");
            fflush(stdout);
        }
        Sleep(LOOK_AGAIN_MS);
        waited += LOOK_AGAIN_MS;
        state = state_of(service);
    }
    puts("");
    return state;
}

static int stop_and_close(SC_HANDLE service)
{
    SERVICE_STATUS status;
    if (!ControlService(service, SERVICE_CONTROL_STOP, &status)) {
        DWORD error = GetLastError();
        CloseServiceHandle(service);
        if (error == ERROR_SERVICE_NOT_ACTIVE)
            return say("was not running.", 0);
        return say_error("could not be stopped", error);
    }
    printf("wrapper  | Stopping the %s service...", name_of_service());
    if (wait_for(service, SERVICE_STOPPED) != SERVICE_STOPPED) {
        CloseServiceHandle(service);
        return say("did not stop.", 1);
    }
    CloseServiceHandle(service);
    return say("stopped.", 0);
}

int service_stop(void)
{
    SC_HANDLE service = open_service(SERVICE_STOP | SERVICE_QUERY_STATUS);
    return service ? stop_and_close(service) : 1;
}

int service_remove(void)
{
    SC_HANDLE service = open_service(SERVICE_STOP | SERVICE_QUERY_STATUS | DELETE);
    SC_HANDLE again;

    if (!service)
        return 1;
    if (state_of(service) != SERVICE_STOPPED) {
        stop_and_close(service);
        again = open_service(DELETE);
    } else {
        again = service;
    }
    if (!again || !DeleteService(again))
        return say_error("could not be removed", GetLastError());
    CloseServiceHandle(again);
    return say("removed.", 0);
}

int service_start(void)
{
    SC_HANDLE service;
    DWORD state;

    if (strcmp(conf_text("wrapper.lab.start", ""), "FAILS") == 0)
        return say_error("could not be started", ERROR_SERVICE_REQUEST_TIMEOUT);
    service = open_service(SERVICE_START | SERVICE_QUERY_STATUS);
    if (!service)
        return 1;
    if (!StartServiceA(service, 0, NULL)) {
        DWORD error = GetLastError();
        CloseServiceHandle(service);
        if (error == ERROR_SERVICE_ALREADY_RUNNING)
            return say("is already running.", 1);
        return say_error("could not be started", error);
    }
    printf("wrapper  | Starting the %s service...", name_of_service());
    state = wait_for(service, SERVICE_RUNNING);
    CloseServiceHandle(service);
    if (state == SERVICE_RUNNING)
        return say("started.", 0);
    /* The agent is one-shot: healthy, it may be gone before anyone sees it run. */
    return say("was launched, but failed to start.", 1);
}

int service_query(void)
{
    SC_HANDLE service = open_service(SERVICE_QUERY_STATUS);
    DWORD state;

    if (!service)
        return 1;
    state = state_of(service);
    CloseServiceHandle(service);
    if (state == SERVICE_STOPPED)
        return say("is not running.", 1);
    return say("is running.", 0);
}

static SERVICE_STATUS_HANDLE reporter;

static void report(DWORD state, DWORD exit_code)
{
    SERVICE_STATUS status = {.dwServiceType = SERVICE_WIN32_OWN_PROCESS,
                             .dwCurrentState = state,
                             .dwControlsAccepted = state == SERVICE_RUNNING ? SERVICE_ACCEPT_STOP : 0,
                             .dwWin32ExitCode = exit_code,
                             .dwServiceSpecificExitCode = exit_code == NO_ERROR ? 0 : 1};
    SetServiceStatus(reporter, &status);
}

static HANDLE stop_requested;

/* Who asked for the stop waits for this handler to return: the process may end only after that. */
static DWORD WINAPI on_control(DWORD control, DWORD type, void *data, void *context)
{
    (void)type, (void)data, (void)context;
    if (control == SERVICE_CONTROL_STOP) {
        report(SERVICE_STOP_PENDING, NO_ERROR);
        SetEvent(stop_requested);
        return NO_ERROR;
    }
    return control == SERVICE_CONTROL_INTERROGATE ? NO_ERROR : ERROR_CALL_NOT_IMPLEMENTED;
}

static DWORD WINAPI run_agent(void *unused)
{
    (void)unused;
    return (DWORD)agent_run();
}

/* A request to stop leaves the agent's thread where it is; the end of the process ends it. */
static void WINAPI service_main(DWORD argc, char **argv)
{
    HANDLE either[2];
    DWORD status = 0;

    (void)argc, (void)argv;
    stop_requested = CreateEventW(NULL, TRUE, FALSE, NULL);
    reporter = RegisterServiceCtrlHandlerExA(name_of_service(), on_control, NULL);
    report(SERVICE_RUNNING, NO_ERROR);
    either[0] = CreateThread(NULL, 0, run_agent, NULL, 0, NULL);
    either[1] = stop_requested;
    if (WaitForMultipleObjects(2, either, FALSE, INFINITE) == WAIT_OBJECT_0)
        GetExitCodeThread(either[0], &status);
    else
        log_wrapper("STATUS", "stopped by a request");
    report(SERVICE_STOPPED, status == 0 ? NO_ERROR : ERROR_SERVICE_SPECIFIC_ERROR);
}

int service_dispatch(void)
{
    SERVICE_TABLE_ENTRYA table[] = {{(char *)name_of_service(), service_main}, {NULL, NULL}};
    if (!StartServiceCtrlDispatcherA(table))
        return say_error("is not started by hand", GetLastError());
    return 0;
}
