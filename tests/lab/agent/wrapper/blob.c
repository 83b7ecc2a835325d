/* The password blob: 12 characters base64 of salt, then base64 ciphertext (facts/agent-protocol.md, step 4).
 * Only the low-level primitives of libcrypto are used: EVP would draw all of it, 5 MB, into a static binary. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "wrapper.h"

#include <openssl/aes.h>
#include <openssl/sha.h>
#include <string.h>

enum { SALT_TEXT = 12, SALT_SIZE = 8, ROUNDS = 5000, KEY_SIZE = 16, PAD_SIZE = 64 };

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
    unsigned char secret[PAD_SIZE] = {0}, inner_pad[PAD_SIZE], outer_pad[PAD_SIZE];
    unsigned char round[SHA_DIGEST_LENGTH], sum[SHA_DIGEST_LENGTH] = {0};
    unsigned char message[SALT_SIZE + 4] = {0};
    SHA_CTX inner_start, outer_start, hash;

    /* The HMAC key: longer ones are hashed first. Not by SHA1(), which is EVP inside. */
    if (strlen(password) > PAD_SIZE) {
        SHA1_Init(&hash);
        SHA1_Update(&hash, password, strlen(password));
        SHA1_Final(secret, &hash);
    } else {
        memcpy(secret, password, strlen(password));
    }
    for (size_t i = 0; i < PAD_SIZE; i++) {
        inner_pad[i] = secret[i] ^ 0x36;
        outer_pad[i] = secret[i] ^ 0x5c;
    }
    SHA1_Init(&inner_start);
    SHA1_Update(&inner_start, inner_pad, PAD_SIZE);
    SHA1_Init(&outer_start);
    SHA1_Update(&outer_start, outer_pad, PAD_SIZE);

    memcpy(message, salt, SALT_SIZE);
    message[SALT_SIZE + 3] = 1;
    for (int i = 0; i < ROUNDS; i++) {
        hash = inner_start;
        if (i == 0)
            SHA1_Update(&hash, message, sizeof message);
        else
            SHA1_Update(&hash, round, sizeof round);
        SHA1_Final(round, &hash);
        hash = outer_start;
        SHA1_Update(&hash, round, sizeof round);
        SHA1_Final(round, &hash);
        for (size_t j = 0; j < sizeof sum; j++)
            sum[j] ^= round[j];
    }
    memcpy(key, sum, KEY_SIZE);
}

static int unpad(const unsigned char *plain, int length)
{
    int padding = plain[length - 1];
    if (padding < 1 || padding > AES_BLOCK_SIZE)
        return -1;
    for (int i = length - padding; i < length; i++)
        if (plain[i] != padding)
            return -1;
    return length - padding;
}

int blob_decrypt(const char *uuid, const char *blob, char *password, size_t size)
{
    unsigned char salt[SALT_SIZE], key[KEY_SIZE], iv[KEY_SIZE], cipher[VALUE_SIZE], plain[VALUE_SIZE];
    AES_KEY schedule;
    int length;

    if (strlen(blob) <= SALT_TEXT || base64_decode(blob, SALT_TEXT, salt, sizeof salt) != SALT_SIZE)
        return -1;
    length = base64_decode(blob + SALT_TEXT, strlen(blob) - SALT_TEXT, cipher, sizeof cipher);
    if (length <= 0 || length % AES_BLOCK_SIZE != 0)
        return -1;
    derive_key(uuid, salt, key);
    memcpy(iv, key, sizeof iv);
    AES_set_decrypt_key(key, KEY_SIZE * 8, &schedule);
    AES_cbc_encrypt(cipher, plain, (size_t)length, &schedule, iv, AES_DECRYPT);
    length = unpad(plain, length);
    if (length < 0 || (size_t)length >= size)
        return -1;
    memcpy(password, plain, (size_t)length);
    password[length] = '\0';
    return 0;
}
