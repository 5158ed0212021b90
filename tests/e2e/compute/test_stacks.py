"""Stacks and secrets."""

from __future__ import annotations

import pytest
import yaml

from .users import User, until

pytestmark = pytest.mark.e2e


def template(user: User) -> str:
    """A server with a volume and a floating address."""
    return yaml.safe_dump(
        {
            "heat_template_version": "2021-04-16",
            "resources": {
                "port": {
                    "type": "OS::Neutron::Port",
                    "properties": {"network": user.network.id, "security_groups": ["open"]},
                },
                "server": {
                    "type": "OS::Nova::Server",
                    "properties": {
                        "name": "stacked",
                        "image": "tiny",
                        "flavor": user.flavor().name,
                        "key_name": user.name,
                        "networks": [{"port": {"get_resource": "port"}}],
                    },
                },
                "volume": {"type": "OS::Cinder::Volume", "properties": {"size": 1}},
                "attachment": {
                    "type": "OS::Cinder::VolumeAttachment",
                    "properties": {
                        "instance_uuid": {"get_resource": "server"},
                        "volume_id": {"get_resource": "volume"},
                    },
                },
                "address": {
                    "type": "OS::Neutron::FloatingIP",
                    "properties": {"floating_network": user.outside.id, "port_id": {"get_resource": "port"}},
                },
            },
            "outputs": {"address": {"value": {"get_attr": ["address", "floating_ip_address"]}}},
        }
    )


def test_a_stack_of_a_server_with_a_volume_and_an_address(user: User) -> None:
    heat = user.api.orchestration
    stack = heat.create_stack(name="stack", template=template(user), timeout_mins=10)
    done = heat.wait_for_status(stack, "CREATE_COMPLETE", ["CREATE_FAILED"], interval=2, wait=400)
    server = next(iter(user.api.compute.servers(name="stacked")))
    assert server.status == "ACTIVE"
    assert len(server.attached_volumes) == 1
    address = heat.get_stack(done.id).outputs[0]["output_value"]
    assert [ip.floating_ip_address for ip in user.api.network.ips(floating_ip_address=address)] == [address]
    heat.delete_stack(stack)
    until("its end", 120, lambda: not list(heat.stacks()) and not list(user.api.compute.servers(name="stacked")))


def test_a_secret_comes_back_as_it_was(user: User) -> None:
    keys = user.api.key_manager
    kept = keys.create_secret(name="kept", payload="correct horse", payload_content_type="text/plain")
    assert keys.get_secret(kept.secret_id).payload == "correct horse"
    keys.delete_secret(kept.secret_id)
