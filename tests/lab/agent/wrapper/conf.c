/* wrapper.conf: `key=value` lines, `#` comments, the last occurrence of a key wins. */
#include "wrapper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_KEYS = 128 };

static struct {
    char key[128];
    char value[VALUE_SIZE];
} entries[MAX_KEYS];
static int count;

static char *trim(char *text)
{
    size_t length;
    text += strspn(text, " \t\r\n");
    length = strlen(text);
    while (length > 0 && strchr(" \t\r\n", text[length - 1]))
        text[--length] = '\0';
    return text;
}

void conf_set(const char *assignment)
{
    char line[VALUE_SIZE];
    char *equals, *key, *value;
    int slot;

    snprintf(line, sizeof line, "%s", assignment);
    equals = strchr(line, '=');
    if (!equals || *trim(line) == '#')
        return;
    *equals = '\0';
    key = trim(line);
    value = trim(equals + 1);
    for (slot = 0; slot < count && strcmp(entries[slot].key, key) != 0; slot++)
        ;
    if (slot == MAX_KEYS) {
        fprintf(stderr, "wrapper: more than %d keys, %s is left out\n", MAX_KEYS, key);
        return;
    }
    if (slot == count)
        count++;
    snprintf(entries[slot].key, sizeof entries[slot].key, "%s", key);
    snprintf(entries[slot].value, sizeof entries[slot].value, "%s", value);
}

int conf_load(const char *path)
{
    char line[VALUE_SIZE];
    FILE *file = fopen(path, "r");
    if (!file)
        return -1;
    while (fgets(line, sizeof line, file))
        conf_set(line);
    fclose(file);
    return 0;
}

const char *conf_text(const char *key, const char *fallback)
{
    for (int i = 0; i < count; i++)
        if (strcmp(entries[i].key, key) == 0)
            return entries[i].value;
    return fallback;
}

long conf_number(const char *key, long fallback)
{
    const char *text = conf_text(key, NULL);
    char *end;
    long number;

    if (!text)
        return fallback;
    number = strtol(text, &end, 10);
    return *text == '\0' || *end != '\0' ? fallback : number;
}

double conf_seconds(const char *key, double fallback)
{
    const char *text = conf_text(key, NULL);
    return text ? strtod(text, NULL) : fallback;
}

int conf_true(const char *key)
{
    return strcmp(conf_text(key, "FALSE"), "TRUE") == 0;
}
