// What every fixture needs.
#pragma once
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#ifndef __noinline
#define __noinline __attribute__((noinline))
#endif
#ifndef bpf_ksym_exists
#define bpf_ksym_exists(symbol) (!!(symbol))
#endif

// An integer of 64 bits in a map's definition.
#undef __ulong
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define __ulong(name, value) enum { JOIN(__unique_value, __COUNTER__) = value } name

char _license[] SEC("license") = "GPL";

// A map in one line: name, type, key, value, max_entries, and more fields.
#define MAP(name, kind, keytype, valuetype, count, ...) \
  struct { \
    __uint(type, kind); \
    __type(key, keytype); \
    __type(value, valuetype); \
    __uint(max_entries, count); \
    __VA_ARGS__ \
  } name SEC(".maps")

// A program that does nothing but refer to maps.
#define USES(program, ...) \
  SEC("socket") int program(void *context) { \
    void *maps[] = {__VA_ARGS__}; \
    for (unsigned i = 0; i < sizeof(maps) / sizeof(*maps); i++) asm volatile("" ::"r"(maps[i])); \
    return 0; \
  }
