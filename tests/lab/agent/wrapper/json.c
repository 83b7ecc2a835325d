/* As much JSON as the metadata service needs: one key of the outermost object, its value as text. */
#include "wrapper.h"

#include <string.h>

static const char *skip_space(const char *text)
{
    return text + strspn(text, " \t\r\n");
}

/* Copies the string at *text (behind its first quote) and moves *text behind the last quote. */
static int read_string(const char **text, char *out, size_t size)
{
    static const char escapes[] = "n\nt\tr\rb\bf\f";
    size_t length = 0;

    for (; **text && **text != '"'; (*text)++) {
        char character = **text;
        if (character == '\\') {
            const char *found;
            character = *++*text;
            if (character == '\0' || character == 'u')
                return -1;
            found = strchr(escapes, character);
            if (found && (found - escapes) % 2 == 0)
                character = found[1];
        }
        if (length + 1 >= size)
            return -1;
        out[length++] = character;
    }
    if (**text != '"')
        return -1;
    ++*text;
    out[length] = '\0';
    return 0;
}

/* A bare word (True, null, a number) is text too: the service is known to write `None` and `True`. */
static int read_word(const char **text, char *out, size_t size)
{
    size_t length = strcspn(*text, ",}] \t\r\n");
    if (length == 0 || length >= size)
        return -1;
    memcpy(out, *text, length);
    out[length] = '\0';
    *text += length;
    return 0;
}

int json_value(const char *text, const char *key, char *value, size_t size)
{
    char name[VALUE_SIZE];
    int depth = 0;

    text = skip_space(text);
    if (*text != '{')
        return -1;
    while (*text) {
        if (*text == '{' || *text == '[')
            depth++;
        if (*text == '}' || *text == ']')
            depth--;
        if (*text++ != '"')
            continue;
        if (read_string(&text, name, sizeof name) != 0)
            return -1;
        text = skip_space(text);
        if (depth != 1 || *text != ':' || strcmp(name, key) != 0)
            continue;
        text = skip_space(text + 1);
        if (*text == '"') {
            text++;
            return read_string(&text, value, size);
        }
        return read_word(&text, value, size);
    }
    return -1;
}
