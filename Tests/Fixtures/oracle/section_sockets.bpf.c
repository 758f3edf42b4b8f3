// Sections of sockets.
#include "common.h"
#define P(name, section, result) SEC(section) int name(void *context) { return result; }
P(ops, "sockops", 1) P(parser, "sk_skb/stream_parser", 1) P(verdict, "sk_skb/stream_verdict", 1)
P(skb, "sk_skb", 1) P(message, "sk_msg", 1) P(lookup, "sk_lookup", 1) P(select, "sk_reuseport", 1)
P(migrate, "sk_reuseport/migrate", 1)
