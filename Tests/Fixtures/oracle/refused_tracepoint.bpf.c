// refused: no raw tracepoint no_such_tracepoint
#include "common.h"
SEC("tp_btf/no_such_tracepoint") int traces(void *context) { return 0; }
