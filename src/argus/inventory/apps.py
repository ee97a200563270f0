from django.apps import AppConfig


class InventoryConfig(AppConfig):
    name = "argus.inventory"
    label = "argus_inventory"
    verbose_name = "Inventory"
