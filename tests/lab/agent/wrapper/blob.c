/* The password blob: 12 characters base64 of salt, then base64 ciphertext (facts/agent-protocol.md, step 4). */
#include "crypto.h"
#include "wrapper.h"

#include <stdio.h>
#include <string.h>

enum { SALT_TEXT = 12, SALT_SIZE = 8, ROUNDS = 5000, KEY_SIZE = AES_SIZE };

static int base64_digit(int character)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = character ? strchr(digits, character) : NULL;
    return found ? (int)(found - digits) : -1;
}

static int base64_decode(const char *text, size_t length, unsigned char *out, size_t size)
{
    unsigned long bits = 0;
    int have = 0;
    size_t count = 0;

    while (length > 0 && text[length - 1] == '=')
        length--;
    for (size_t i = 0; i < length; i++) {
        int digit = base64_digit((unsigned char)text[i]);
        if (digit < 0)
            return -1;
        bits = (bits << 6) | (unsigned long)digit;
        have += 6;
        if (have >= 8) {
            if (count == size)
                return -1;
            have -= 8;
            out[count++] = (unsigned char)(bits >> have);
        }
    }
    return (int)count;
}

/* The first block of PBKDF2-HMAC-SHA1; a key of 16 bytes needs no second one. */
static void derive_key(const char *password, const unsigned char *salt, unsigned char *key)
{
    unsigned char secret[SHA1_BLOCK] = {0}, inner_pad[SHA1_BLOCK], outer_pad[SHA1_BLOCK];
    unsigned char round[SHA1_SIZE], sum[SHA1_SIZE] = {0};
    unsigned char message[SALT_SIZE + 4] = {0};
    struct sha1 inner_start, outer_start, hash;

    /* The HMAC key: longer ones are hashed first. */
    if (strlen(password) > SHA1_BLOCK) {
        sha1_init(&hash);
        sha1_update(&hash, password, strlen(password));
        sha1_final(&hash, secret);
    } else {
        memcpy(secret, password, strlen(password));
    }
    for (size_t i = 0; i < SHA1_BLOCK; i++) {
        inner_pad[i] = secret[i] ^ 0x36;
        outer_pad[i] = secret[i] ^ 0x5c;
    }
    sha1_init(&inner_start);
    sha1_update(&inner_start, inner_pad, SHA1_BLOCK);
    sha1_init(&outer_start);
    sha1_update(&outer_start, outer_pad, SHA1_BLOCK);

    memcpy(message, salt, SALT_SIZE);
    message[SALT_SIZE + 3] = 1;
    for (int i = 0; i < ROUNDS; i++) {
        hash = inner_start;
        if (i == 0)
            sha1_update(&hash, message, sizeof message);
        else
            sha1_update(&hash, round, sizeof round);
        sha1_final(&hash, round);
        hash = outer_start;
        sha1_update(&hash, round, sizeof round);
        sha1_final(&hash, round);
        for (size_t j = 0; j < sizeof sum; j++)
            sum[j] ^= round[j];
    }
    memcpy(key, sum, KEY_SIZE);
}

static int unpad(const unsigned char *plain, int length)
{
    int padding = plain[length - 1];
    if (padding < 1 || padding > AES_SIZE)
        return -1;
    for (int i = length - padding; i < length; i++)
        if (plain[i] != padding)
            return -1;
    return length - padding;
}

int blob_decrypt(const char *uuid, const char *blob, char *password, size_t size)
{
    unsigned char salt[SALT_SIZE], key[KEY_SIZE], cipher[VALUE_SIZE], plain[VALUE_SIZE];
    int length;

    if (strlen(blob) <= SALT_TEXT || base64_decode(blob, SALT_TEXT, salt, sizeof salt) != SALT_SIZE)
        return -1;
    length = base64_decode(blob + SALT_TEXT, strlen(blob) - SALT_TEXT, cipher, sizeof cipher);
    if (length <= 0 || length % AES_SIZE != 0)
        return -1;
    derive_key(uuid, salt, key);
    aes_cbc_decrypt(key, key, cipher, (size_t)length, plain);
    length = unpad(plain, length);
    if (length < 0 || (size_t)length >= size)
        return -1;
    memcpy(password, plain, (size_t)length);
    password[length] = '\0';
    return 0;
}

int blob_show(const char *uuid, const char *blob)
{
    char password[VALUE_SIZE];
    if (blob_decrypt(uuid, blob, password, sizeof password) != 0) {
        fputs("wrapper: the blob does not decrypt with this uuid\n", stderr);
        return 1;
    }
    puts(password);
    return 0;
}
