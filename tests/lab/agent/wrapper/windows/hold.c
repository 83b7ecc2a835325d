#include "parts.h"

#include <windows.h>

#include <stdio.h>

int hold(const char *path)
{
    HANDLE file = CreateFileA(path, GENERIC_READ, 0, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE) {
        printf("wrapper  | %s cannot be held: error %lu\n", path, GetLastError());
        return 1;
    }
    printf("wrapper  | holding %s\n", path);
    fflush(stdout);
    Sleep(INFINITE);
    return 0;
}
