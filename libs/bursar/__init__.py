"""What every part of Bursar shares: contracts, the event log, the network, words."""
