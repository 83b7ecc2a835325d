/* session.exe: somebody who is always logged in. Wine ends its services with the last program that a user runs, so that
 * a host without one would go down as soon as nobody works on it. */
#include <windows.h>

int WINAPI WinMain(HINSTANCE instance, HINSTANCE before, LPSTR line, int show)
{
    (void)instance, (void)before, (void)line, (void)show;
    Sleep(INFINITE);
    return 0;
}
