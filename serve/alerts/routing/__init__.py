"""Who an alert goes to: the routing table that officials edit, and the corrections that 不归我 answers suggest."""
