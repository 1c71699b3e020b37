"""How each service is asked: one Protocol a service, satisfied by the service itself and by its
remote.
"""
