/*
 * FNV-1a, for tables and for comparing texts quickly: a start, and a step for each byte. Its values
 * are part of embeddings, which are stored, so it stays as it is. Not safe against input that was
 * chosen to collide.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdint.h>

#define HASH_START_32 UINT32_C(2166136261)
#define HASH_START_64 UINT64_C(14695981039346656037)

static inline uint32_t hash_step_32(uint32_t hash, unsigned char byte)
{
    return (hash ^ byte) * UINT32_C(16777619);
}

static inline uint64_t hash_step_64(uint64_t hash, unsigned char byte)
{
    return (hash ^ byte) * UINT64_C(1099511628211);
}

#endif
