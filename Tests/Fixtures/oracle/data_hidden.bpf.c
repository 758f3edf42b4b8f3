// Hidden variables are as static ones.
#include "common.h"
__hidden int hidden = 5;
__hidden int hidden_zero;
int seen = 6;
SEC("socket") int count(void *context) { return hidden++ + seen++ + hidden_zero++; }
