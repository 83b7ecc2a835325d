/* Windows' own headers, which take a second to read: lab/agent_binary.py compiles them once for all files. */
#include <winsock2.h>
#include <ws2tcpip.h>

#include <windows.h>

#include <shellapi.h>
#include <winternl.h>
