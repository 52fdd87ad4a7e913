// cyw43_ll.c: the SDK compiles a file of this name. All of the stand-in is in cyw43_ctrl.c.
