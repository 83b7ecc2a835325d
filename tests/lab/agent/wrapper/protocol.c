/* The one run at boot, step by step as facts/agent-protocol.md numbers them. */
#include "wrapper.h"

#include <stdio.h>
#include <string.h>

#define BASE "/openstack/latest/"

static struct endpoint service;
static long tries, delay_ms;

static void pause_between_tries(void)
{
    pause_ms(delay_ms);
}

/* Returns 0 and the value; a JSON null reads as empty, like the empty string and `None`. */
static int get(const char *name, const char *key, char *value, size_t size)
{
    char path[128], answer[BODY_SIZE];

    snprintf(path, sizeof path, BASE "%s", name);
    if (http_request(&service, "GET", path, NULL, answer, sizeof answer) != 0)
        return -1;
    if (json_value(answer, key, value, size) != 0) {
        log_agent("ERROR", "GET %s: the answer has no %s", path, key);
        return -1;
    }
    if (strcmp(value, "null") == 0 || strcmp(value, "None") == 0)
        value[0] = '\0';
    return 0;
}

/* Step 1. Goes on when the flag could not be set: a pending password is worth a try all the same. */
static void report_flag(void)
{
    char flag[64], answer[BODY_SIZE];

    if (get("resetpwd_flag", "resetpwd_flag", flag, sizeof flag) == 0 && strcmp(flag, "True") == 0)
        return;
    for (long i = 0; i < tries; i++) {
        if (i > 0)
            pause_between_tries();
        if (http_request(&service, "POST", BASE "resetpwd_flag", "True", answer, sizeof answer) == 0 &&
            get("resetpwd_flag", "resetpwd_flag", flag, sizeof flag) == 0 && strcmp(flag, "True") == 0)
            return;
    }
    log_agent("ERROR", "resetpwd_flag is not True after %ld tries", tries);
}

/* Step 2. Returns 0 with the blob, empty when there is nothing to do. */
static int fetch_blob(char *blob, size_t size)
{
    for (long i = 0; i < tries; i++) {
        if (i > 0)
            pause_between_tries();
        if (get("reset_password", "reset_password", blob, size) == 0 && strcmp(blob, "Fail") != 0)
            return 0;
    }
    log_agent("ERROR", "no reset_password after %ld tries", tries);
    return -1;
}

/* Step 6. */
static int delete_blob(void)
{
    char blob[VALUE_SIZE], answer[BODY_SIZE];

    for (long i = 0; i < tries; i++) {
        if (i > 0)
            pause_between_tries();
        if (http_request(&service, "DELETE", BASE "reset_password", NULL, answer, sizeof answer) == 0 &&
            get("reset_password", "reset_password", blob, sizeof blob) == 0 && blob[0] == '\0')
            return 0;
    }
    log_agent("ERROR", "reset_password is still there after %ld tries", tries);
    return 1;
}

int protocol_run(void)
{
    char blob[VALUE_SIZE], uuid[128], password[VALUE_SIZE];

    service.address = conf_text("wrapper.lab.address", "169.254.169.254");
    service.port = (int)conf_number("wrapper.lab.port", 80);
    service.connect_timeout_ms = (int)conf_number("wrapper.lab.connect_timeout_ms", 3000);
    service.read_timeout_ms = (int)conf_number("wrapper.lab.read_timeout_ms", 2000);
    tries = conf_number("wrapper.lab.tries", 10);
    delay_ms = conf_number("wrapper.lab.delay_ms", 2000);

    report_flag();
    if (fetch_blob(blob, sizeof blob) != 0)
        return 1;
    if (blob[0] == '\0') {
        log_agent("INFO", "no password to reset");
        return 0;
    }
    if (get("meta_data.json", "uuid", uuid, sizeof uuid) != 0) {
        log_agent("ERROR", "the server id is not known, the password stays pending");
        return 1;
    }
    if (blob_decrypt(uuid, blob, password, sizeof password) != 0) {
        log_agent("ERROR", "reset_password does not decrypt, it stays pending");
        return 1;
    }
    apply_password(password);
    memset(password, 0, sizeof password);
    return delete_blob();
}
