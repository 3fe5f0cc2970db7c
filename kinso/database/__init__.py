"""The MongoDB that holds the shop's data: server process, connection, indexes, validators, search fields."""
