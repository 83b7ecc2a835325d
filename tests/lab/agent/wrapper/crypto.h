/* The primitives that the password blob is made of. */
#ifndef LAB_CRYPTO_H
#define LAB_CRYPTO_H

#include <stddef.h>
#include <stdint.h>

enum { SHA1_SIZE = 20, SHA1_BLOCK = 64, AES_SIZE = 16 };

struct sha1 {
    uint32_t state[5];
    uint64_t length;
    unsigned char block[SHA1_BLOCK];
};
void sha1_init(struct sha1 *hash);
void sha1_update(struct sha1 *hash, const void *data, size_t length);
void sha1_final(struct sha1 *hash, unsigned char *digest);

/* Key, iv and block are of AES_SIZE; the length is a multiple of it. */
void aes_cbc_decrypt(const unsigned char *key, const unsigned char *iv, const unsigned char *cipher, size_t length,
                     unsigned char *plain);

#endif
