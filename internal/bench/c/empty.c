// The cheapest job there is: what is measured beside it is the tool.
int main(void) { return 0; }
