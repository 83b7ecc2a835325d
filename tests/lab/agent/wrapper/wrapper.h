/* The stand-in agent: what its parts promise each other.
 * Written from facts/agent-protocol.md; no line of it comes from the vendor. */
#ifndef LAB_WRAPPER_H
#define LAB_WRAPPER_H

#include <stddef.h>

enum { PATH_SIZE = 1024, VALUE_SIZE = 1024, BODY_SIZE = 8192 };

/* conf.c: keys of wrapper.conf and of the command line; the last occurrence of a key wins. */
int conf_load(const char *path);
void conf_set(const char *assignment);
const char *conf_text(const char *key, const char *fallback);
long conf_number(const char *key, long fallback);
double conf_seconds(const char *key, double fallback);
int conf_true(const char *key);

/* log.c: one line a call, appended to a file; never given a secret. */
void log_open(const char *folder);
void log_agent(const char *level, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_wrapper(const char *level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* http.c: one request, one connection. Returns 0 and the body of a 200 answer, -1 for anything else. */
struct endpoint {
    const char *address;
    int port;
    int connect_timeout_ms;
    int read_timeout_ms;
};
int http_request(const struct endpoint *to, const char *method, const char *path, const char *body,
                 char *answer, size_t size);

/* json.c: the value of a key of the outermost object, as text. Returns 0, or -1 if there is none. */
int json_value(const char *text, const char *key, char *value, size_t size);

/* blob.c: Returns 0 and the password, or -1 for a blob that does not decrypt with this uuid. */
int blob_decrypt(const char *uuid, const char *blob, char *password, size_t size);
/* The command `--decrypt`: prints the password of a blob. Returns the exit status. */
int blob_show(const char *uuid, const char *blob);

/* protocol.c: the one run at boot. Returns 0 when nothing is left to do, 1 when it had to give up. */
int protocol_run(void);

/* agent.c: all that one run of the agent is. Returns its exit status. */
int agent_run(void);

/* The rest is there twice, in linux/ and in windows/. */
void pause_ms(long milliseconds);
/* Step 5: hands the password to the system's own program, which may do nothing with it. */
void apply_password(const char *password);
/* The old update agent, and an agent that is told to: until someone ends it. */
void stay(void);

#endif
