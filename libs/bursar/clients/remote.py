"""Remote clients and contracts by service name: the one table of who can be asked over the
network.
"""

from __future__ import annotations

from collections.abc import Callable

import grpc
from google.protobuf.descriptor import ServiceDescriptor

from bursar.cache.v1 import cache_pb2
from bursar.clients.cache import RemoteCache
from bursar.clients.compressor import RemoteCompressor
from bursar.clients.efficiency import RemoteEfficiency
from bursar.clients.executor import RemoteExecutor
from bursar.clients.planner import RemotePlanner
from bursar.clients.quota import RemoteQuota
from bursar.compressor.v1 import compressor_pb2
from bursar.efficiency.v1 import efficiency_pb2
from bursar.executor.v1 import executor_pb2
from bursar.planner.v1 import planner_pb2
from bursar.quota.v1 import quota_pb2

REMOTES: dict[str, Callable[[grpc.aio.Channel], object]] = {
    "cache": RemoteCache,
    "compressor": RemoteCompressor,
    "efficiency": RemoteEfficiency,
    "executor": RemoteExecutor,
    "planner": RemotePlanner,
    "quota": RemoteQuota,
}

CONTRACTS: dict[str, ServiceDescriptor] = {
    "cache": cache_pb2.DESCRIPTOR.services_by_name["CacheService"],
    "compressor": compressor_pb2.DESCRIPTOR.services_by_name["CompressorService"],
    "efficiency": efficiency_pb2.DESCRIPTOR.services_by_name["EfficiencyService"],
    "executor": executor_pb2.DESCRIPTOR.services_by_name["ExecutorService"],
    "planner": planner_pb2.DESCRIPTOR.services_by_name["PlannerService"],
    "quota": quota_pb2.DESCRIPTOR.services_by_name["QuotaService"],
}
