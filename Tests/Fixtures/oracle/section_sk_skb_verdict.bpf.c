// A verdict without a parser.
#include "common.h"
SEC("sk_skb/verdict") int verdict(void *context) { return 1; }
