/* The stand-in for `net user NAME PASSWORD`: it changes the lab's account list, smbpasswd lines as lab/accounts.py
 * reads them, in place of the SAM. */
#include "../wrapper.h"
#include "parts.h"

#include <windows.h>
#include <winternl.h>

#include <stdio.h>
#include <string.h>

enum { ASKED_FROM = 15, HASH_SIZE = 16, LINE_SIZE = 1024 };

/* advapi32: the NT hash, MD4 of the UTF-16 text. */
extern NTSTATUS WINAPI SystemFunction007(const UNICODE_STRING *text, unsigned char *hash);

static void account_list(char *path, size_t size, const char *suffix)
{
    char folder[MAX_PATH];
    GetSystemDirectoryA(folder, sizeof folder);
    snprintf(path, size, "%s\\config\\accounts%s", folder, suffix);
}

static int hash_of(const char *password, char *hex)
{
    wchar_t wide[VALUE_SIZE];
    unsigned char hash[HASH_SIZE];
    int length = MultiByteToWideChar(CP_UTF8, 0, password, -1, wide, VALUE_SIZE);
    UNICODE_STRING text = {.Buffer = wide};

    if (length == 0)
        return -1;
    text.Length = text.MaximumLength = (USHORT)((length - 1) * sizeof *wide);
    if (SystemFunction007(&text, hash) != 0)
        return -1;
    for (int i = 0; i < HASH_SIZE; i++)
        sprintf(hex + 2 * i, "%02X", hash[i]);
    SecureZeroMemory(wide, sizeof wide);
    return 0;
}

/* NAME:RID:LM:NT:[FLAGS]:LCT-...: writes the line again, with another NT hash if the name is the one. */
static int copy_line(char *line, const char *name, const char *hash, FILE *to)
{
    char *nt = line;
    size_t length = strcspn(line, ":");

    if (length != strlen(name) || _strnicmp(line, name, length) != 0) {
        fputs(line, to);
        return 0;
    }
    for (int i = 0; i < 3; i++) {
        nt = strchr(nt, ':');
        if (!nt++)
            return -1;
    }
    if (strcspn(nt, ":") != 2 * HASH_SIZE)
        return -1;
    memcpy(nt, hash, 2 * HASH_SIZE);
    fputs(line, to);
    return 1;
}

static int rewrite(const char *name, const char *hash, FILE *from, FILE *to)
{
    char line[LINE_SIZE];
    int changed = 0;

    while (fgets(line, sizeof line, from)) {
        int one = copy_line(line, name, hash, to);
        if (one < 0)
            return -1;
        changed += one;
    }
    return changed;
}

static int set_password(const char *name, const char *password)
{
    char path[PATH_SIZE], temporary[PATH_SIZE], hash[2 * HASH_SIZE + 1];
    FILE *from, *to;
    int changed;

    account_list(path, sizeof path, "");
    account_list(temporary, sizeof temporary, ".new");
    if (hash_of(password, hash) != 0 || !(from = fopen(path, "rb"))) {
        printf("The list of accounts %s cannot be read.\n", path);
        return 2;
    }
    to = fopen(temporary, "wb");
    changed = to ? rewrite(name, hash, from, to) : -1;
    fclose(from);
    if (to)
        fclose(to);
    if (changed < 0 || (changed > 0 && !MoveFileExA(temporary, path, MOVEFILE_REPLACE_EXISTING))) {
        printf("The list of accounts %s cannot be changed.\n", path);
        return 2;
    }
    if (changed > 0) {
        puts("The command completed successfully.");
        return 0;
    }
    DeleteFileA(temporary);
    puts("The user name could not be found.");
    return 2;
}

/* Y and nothing are a yes. The agent gives it an input that never says either. */
static int agrees(void)
{
    int answer;
    printf("The password entered is longer than 14 characters. Continue? (Y/N) [Y]: ");
    fflush(stdout);
    answer = getchar();
    return answer == 'Y' || answer == 'y' || answer == '\n' || answer == '\r';
}

int net_user(int argc, char **argv)
{
    const char *words[2];
    int count = 0;

    if (argc < 1 || strcmp(argv[0], "user") != 0)
        return 1;
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '/') {
            puts("The switch is unknown.");
            return 1;
        }
        if (count == 2) {
            puts("The syntax is: NET USER NAME PASSWORD");
            return 1;
        }
        words[count++] = argv[i];
    }
    if (count < 2 || strcmp(words[1], "*") == 0) {
        puts("There is no password.");
        return 1;
    }
    if (conf_true("wrapper.lab.asks_long") && MultiByteToWideChar(CP_UTF8, 0, words[1], -1, NULL, 0) > ASKED_FROM &&
        !agrees())
        return 2;
    return set_password(words[0], words[1]);
}
