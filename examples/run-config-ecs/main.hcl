# ECS run configs: the flow runs as a task. Each flow version has one task definition, which apply registers; the original
# registers one for every run.

flowform {
  project = "run-config-ecs"

  registry "local" {
    path = ".flowform/registry"
  }
}

provider "ecs" {
  region = "us-east-1"
}

variable "account_id" {
  type    = string
  default = "111122223333"
}

locals {
  registry       = "${var.account_id}.dkr.ecr.us-east-1.amazonaws.com"
  task_role      = "arn:aws:iam::${var.account_id}:role/prefectTaskRole"
  execution_role = "arn:aws:iam::${var.account_id}:role/prefectECSAgentTaskExecutionRole"

  # The original's manual has `image_name:latest`: a tag that moves, which no version can see.
  image = "${local.registry}/image_name:1.4.2"
}

# The agent of the manual's examples, with the label "prod". Its definition is used where a run config has none; the manual
# prints examples without a label as well, and an agent with labels takes none of these, hence the second agent.
agent "ecs" "prod" {
  labels               = ["prod"]
  task_definition_path = "agent_definition.yaml"
}

agent "ecs" "plain" {
  cluster              = "prefectEcsCluster"
  task_definition_path = "agent_definition.yaml"
}

storage "module" "code" {
  module = "shop.flows"
}

storage "s3" "code" {
  bucket           = "your_bucket_name"
  key              = "flows/ecs_demo_ecr.py"
  stored_as_script = true
}

# 1. The defaults set on the agent with the label "prod".
flow "defaults" {
  storage = storage.module.code

  run_config "ecs" {
    labels = ["prod"]
  }
}

# 2. A task definition in S3, with a container `flow` and roles of its own. The agent reads it when a run starts.
flow "definition_in_s3" {
  storage = storage.module.code

  run_config "ecs" {
    labels               = ["prod"]
    task_definition_path = "s3://bucket/flow_task_definition.yaml"
    run_task_kwargs      = { cluster = "prefectEcsCluster" }
  }
}

# 3. A definition that somebody else registers, by `family:revision` or by its full ARN. It needs a container `flow`, and
# nothing of it can be changed here.
flow "registered_definition" {
  storage = storage.module.code

  run_config "ecs" {
    labels              = ["prod"]
    task_definition_arn = "prefectFlow:1"
    # or: "arn:aws:ecs:us-east-1:${var.account_id}:task-definition/prefectFlow:1"
    run_task_kwargs = { cluster = "prefectEcsCluster" }
  }
}

# 4. Code in S3 and an image of ECR: the task role reads the code, the execution role pulls the image.
flow "s3_and_ecr" {
  storage = storage.s3.code

  run_config "ecs" {
    labels             = ["prod"]
    task_role_arn      = local.task_role
    execution_role_arn = local.execution_role
    image              = local.image
    run_task_kwargs    = { cluster = "prefectEcsCluster" }
  }
}

# 5. The agent's definition with another image and more CPU. ECS has certain pairs of CPU and memory on Fargate; the manual
# says `cpu = "2 vcpu"` alone, and with the 2048 MiB of the default definition there is no such pair.
flow "image_and_cpu" {
  storage = storage.module.code

  run_config "ecs" {
    execution_role_arn = local.execution_role
    image              = local.image
    cpu                = "2 vcpu"
    memory             = "4 GB"
  }
}

# 6. The same over a definition in S3. The manual has the place in `task_definition`, which is the definition itself: the
# original fails when the run starts. A place is a `task_definition_path`.
flow "definition_in_s3_with_image" {
  storage = storage.module.code

  run_config "ecs" {
    task_definition_path = "s3://bucket/flow_task_definition.yaml"
    image                = local.image
    cpu                  = "2 vcpu"
  }
}

# 7. The whole definition here. AWS wants `cpu` and `memory` of a definition as texts, which flowform makes of the manual's
# numbers. The log configuration is an addition: without it, what the flow writes is lost.
flow "custom_definition" {
  name    = "ecs_demo_ecr"
  storage = storage.s3.code

  run_config "ecs" {
    labels          = ["prod"]
    run_task_kwargs = { cluster = "prefectEcsCluster" }

    task_definition = {
      requiresCompatibilities = ["FARGATE"]
      networkMode             = "awsvpc"
      cpu                     = 1024
      memory                  = 2048
      taskRoleArn             = local.task_role
      executionRoleArn        = local.execution_role

      containerDefinitions = [
        {
          name  = "flow"
          image = "${local.registry}/your_image_name:1.4.2"

          logConfiguration = {
            logDriver = "awslogs"
            options = {
              awslogs-group         = "flows"
              awslogs-region        = "us-east-1"
              awslogs-stream-prefix = "ecs_demo_ecr"
            }
          }
        },
      ]
    }
  }
}

# 8. A definition in a file of this directory: it is read when the plan is made, and a change of it makes a new version.
flow "definition_in_a_file" {
  storage = storage.module.code

  run_config "ecs" {
    task_definition_path = "flow_task_definition.yaml"
    env                  = { SOME_VAR = "value" }

    secret_env = {
      DATABASE_URL = "arn:aws:secretsmanager:us-east-1:${var.account_id}:secret:shop-database-AbCdEf"
    }
  }
}
