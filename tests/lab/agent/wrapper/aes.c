/* AES-128 in CBC mode (FIPS 197), decryption only. Plain and slow, and fast enough for a password. */
#include "crypto.h"

#include <string.h>

enum { ROUNDS = 10 };

static unsigned char sbox[256], inverse_sbox[256];

static unsigned char doubled(unsigned char byte)
{
    return (unsigned char)(byte << 1 ^ (byte & 0x80 ? 0x1b : 0));
}

static unsigned char product(unsigned char left, unsigned char right)
{
    unsigned char sum = 0;
    for (; right; right >>= 1, left = doubled(left))
        if (right & 1)
            sum ^= left;
    return sum;
}

/* The box of a byte is its inverse in the field (byte^254), spread by the affine map. */
static void make_boxes(void)
{
    for (int i = 0; i < 256; i++) {
        unsigned char byte = (unsigned char)i, inverse = 1, spread;
        for (int power = 0; power < 254; power++)
            inverse = product(inverse, byte);
        spread = inverse;
        for (int bit = 1; bit < 5; bit++)
            spread ^= (unsigned char)(inverse << bit | inverse >> (8 - bit));
        sbox[i] = spread ^ 0x63;
        inverse_sbox[sbox[i]] = byte;
    }
}

static void expand_key(const unsigned char *key, unsigned char schedule[][AES_SIZE])
{
    unsigned char *words = schedule[0], constant = 1;

    memcpy(words, key, AES_SIZE);
    for (int i = AES_SIZE; i < (ROUNDS + 1) * AES_SIZE; i += 4) {
        unsigned char word[4];
        memcpy(word, words + i - 4, 4);
        if (i % AES_SIZE == 0) {
            unsigned char first = word[0];
            word[0] = sbox[word[1]] ^ constant;
            word[1] = sbox[word[2]];
            word[2] = sbox[word[3]];
            word[3] = sbox[first];
            constant = doubled(constant);
        }
        for (int j = 0; j < 4; j++)
            words[i + j] = words[i + j - AES_SIZE] ^ word[j];
    }
}

static void add_key(unsigned char *state, const unsigned char *key)
{
    for (int i = 0; i < AES_SIZE; i++)
        state[i] ^= key[i];
}

static void unshift_rows_and_unsubstitute(unsigned char *state)
{
    unsigned char old[AES_SIZE];
    memcpy(old, state, AES_SIZE);
    for (int column = 0; column < 4; column++)
        for (int row = 0; row < 4; row++)
            state[(column + row) % 4 * 4 + row] = inverse_sbox[old[column * 4 + row]];
}

static void unmix_columns(unsigned char *state)
{
    static const unsigned char factors[4] = {14, 11, 13, 9};
    for (int column = 0; column < 4; column++) {
        unsigned char old[4];
        memcpy(old, state + column * 4, 4);
        for (int row = 0; row < 4; row++) {
            unsigned char sum = 0;
            for (int i = 0; i < 4; i++)
                sum ^= product(old[(row + i) % 4], factors[i]);
            state[column * 4 + row] = sum;
        }
    }
}

void aes_cbc_decrypt(const unsigned char *key, const unsigned char *iv, const unsigned char *cipher, size_t length,
                     unsigned char *plain)
{
    unsigned char schedule[ROUNDS + 1][AES_SIZE];

    make_boxes();
    expand_key(key, schedule);
    for (size_t offset = 0; offset < length; offset += AES_SIZE) {
        unsigned char *state = plain + offset;
        memcpy(state, cipher + offset, AES_SIZE);
        add_key(state, schedule[ROUNDS]);
        for (int round = ROUNDS - 1; round >= 0; round--) {
            unshift_rows_and_unsubstitute(state);
            add_key(state, schedule[round]);
            if (round > 0)
                unmix_columns(state);
        }
        add_key(state, offset == 0 ? iv : cipher + offset - AES_SIZE);
    }
}
