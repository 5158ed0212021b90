"""kolla-lite: OpenStack in containers, from one declaration per service."""
