#ifndef STANDIN_CYW43_LL_H
#define STANDIN_CYW43_LL_H
#endif
