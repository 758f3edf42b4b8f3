// SPDX-License-Identifier: Apache-2.0
//
// A second pair of eyes for the quickstart: a few bare bpf(2) calls, so that what it shows does not
// rest on what bpfapply says about itself.
//
//   peek ids                    the id of every BPF object on this host, one a line
//   peek id PIN                 the id of a pinned map, program or link
//   peek dropped PIN [SOURCE]   what the firewall counted (packets only, for one source)
//   peek delete PIN CIDR        deletes an entry of an LPM trie, as a tamperer would
#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct traffic {
  uint64_t packets, bytes;
};

static int bpf(int command, union bpf_attr *attributes) {
  return syscall(SYS_bpf, command, attributes, sizeof(*attributes));
}

static int fail(const char *what) {
  fprintf(stderr, "peek: %s: %s\n", what, strerror(errno));
  return 1;
}

static int open_pin(const char *path) {
  union bpf_attr attributes = {.pathname = (uintptr_t)path};
  int descriptor = bpf(BPF_OBJ_GET, &attributes);
  if (descriptor < 0)
    exit(fail(path));
  return descriptor;
}

static int ids(void) {
  static const struct {
    const char *kind;
    int next;
  } kinds[] = {
      {"program", BPF_PROG_GET_NEXT_ID},
      {"map", BPF_MAP_GET_NEXT_ID},
      {"btf", BPF_BTF_GET_NEXT_ID},
      {"link", BPF_LINK_GET_NEXT_ID},
  };
  for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
    union bpf_attr attributes = {};
    while (!bpf(kinds[i].next, &attributes)) {
      printf("%s %u\n", kinds[i].kind, attributes.next_id);
      attributes.start_id = attributes.next_id;
    }
    if (errno != ENOENT)
      return fail(kinds[i].kind);
  }
  return 0;
}

static int id(const char *pin) {
  // The infos of maps, programs and links all begin with the type and the id.
  uint32_t info[64] = {};
  union bpf_attr attributes = {};
  attributes.info.bpf_fd = open_pin(pin);
  attributes.info.info_len = sizeof(info);
  attributes.info.info = (uintptr_t)info;
  if (bpf(BPF_OBJ_GET_INFO_BY_FD, &attributes))
    return fail(pin);
  printf("%u\n", info[1]);
  return 0;
}

static int dropped(const char *pin, const char *only) {
  int map = open_pin(pin);
  struct in_addr key, next;
  uint64_t packets = 0;
  for (int first = 1;; first = 0, key = next) {
    union bpf_attr attributes = {.map_fd = map, .next_key = (uintptr_t)&next};
    attributes.key = first ? 0 : (uintptr_t)&key;
    if (bpf(BPF_MAP_GET_NEXT_KEY, &attributes))
      break;
    struct traffic traffic = {};
    union bpf_attr lookup = {.map_fd = map, .value = (uintptr_t)&traffic};
    lookup.key = (uintptr_t)&next;
    if (bpf(BPF_MAP_LOOKUP_ELEM, &lookup))
      continue;
    const char *source = inet_ntoa(next);
    if (!only)
      printf("%-12s %llu packets, %llu bytes\n", source, (unsigned long long)traffic.packets,
             (unsigned long long)traffic.bytes);
    else if (!strcmp(only, source))
      packets = traffic.packets;
  }
  if (errno != ENOENT)
    return fail(pin);
  if (only)
    printf("%llu\n", (unsigned long long)packets);
  return 0;
}

static int delete(const char *pin, char *cidr) {
  struct {
    uint32_t prefix_length;
    struct in_addr address;
  } key;
  char *slash = strchr(cidr, '/');
  if (!slash)
    return errno = EINVAL, fail(cidr);
  *slash = 0;
  key.prefix_length = atoi(slash + 1);
  if (!inet_aton(cidr, &key.address))
    return errno = EINVAL, fail(cidr);
  union bpf_attr attributes = {.map_fd = open_pin(pin), .key = (uintptr_t)&key};
  return bpf(BPF_MAP_DELETE_ELEM, &attributes) ? fail(pin) : 0;
}

int main(int count, char **words) {
  if (count == 2 && !strcmp(words[1], "ids"))
    return ids();
  if (count == 3 && !strcmp(words[1], "id"))
    return id(words[2]);
  if ((count == 3 || count == 4) && !strcmp(words[1], "dropped"))
    return dropped(words[2], count == 4 ? words[3] : NULL);
  if (count == 4 && !strcmp(words[1], "delete"))
    return delete(words[2], words[3]);
  fprintf(stderr, "usage: peek ids | id PIN | dropped PIN [SOURCE] | delete PIN CIDR\n");
  return 64;
}
