"""Who signed what, and whether they may: OpenSSH signatures, signers, roles and the policy of the network."""
